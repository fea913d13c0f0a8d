import pytest
import torch

from partly.errors import BadModelFile
from partly.models.foreign.checkpoint_formats import read_checkpoint
from partly.models.foreign.native_stylegan2 import assembled
from tests.models.foreign import dinov2_look_alike, rosinality_look_alike

TAKEN_OFF = "its names begin with {!r}, which was taken off"
LATENT_AVG = torch.linspace(-1, 1, rosinality_look_alike.W_DIM)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cats.pt"


@pytest.fixture
def state():
    return rosinality_look_alike.random_state()


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


def read(content, path):
    torch.save(content, path)
    return read_checkpoint(path)


def assert_same(foreign, state):
    w = torch.randn(1, 8, rosinality_look_alike.W_DIM, generator=torch.Generator().manual_seed(1))
    wanted = rosinality_look_alike.pictures(state, w)
    torch.testing.assert_close(assembled(foreign).synthesise(w).images, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "generator.", "g_ema.", "module._orig_mod.", "decoder.", "netG_ema."]
)
@pytest.mark.parametrize("key", [None, "g_ema", "state_dict", "params_ema"])
def test_prefixes_of_wrappers(path, state, prefix, key):
    named = prefixed(state, prefix)
    foreign = read({"latent_avg": LATENT_AVG, **(named if key is None else {key: named})}, path)
    assert_same(foreign, state)
    assert torch.equal(foreign.tensors["w_mean"], LATENT_AVG)
    assert foreign.remarks[0] == TAKEN_OFF.format(prefix)


def test_other_networks_beside_are_left_out(path, state):
    """As checkpoints of encoders into the latent space have it."""
    other = {"encoder.0.weight": torch.ones(2), "encoder.0.bias": torch.ones(2)}
    foreign = read({"state_dict": other | prefixed(state, "decoder.")}, path)
    assert_same(foreign, state)
    assert foreign.remarks[:2] == (
        TAKEN_OFF.format("decoder."),
        "2 tensors with other names were left out",
    )


def test_the_averaged_one_of_several(path, state):
    other = rosinality_look_alike.random_state(seed=1)
    for content in (
        prefixed(other, "G.") | prefixed(state, "G_ema."),
        {"generator": other, "generator_ema": state},
        {"model": {"g": other, "ema": prefixed(state, "module.")}},
    ):
        assert_same(read(content, path), state)
    with pytest.raises(BadModelFile) as caught:
        read(prefixed(state, "one.") | prefixed(other, "two."), path)
    assert str(caught.value) == (
        f"{path}: holds several networks of the same kind: one., two.; expected one, or one that is called "
        f"ema. "
        "Ask whoever wrote it for the averaged weights alone."
    )


def test_a_discriminator_behind_a_prefix(path):
    with pytest.raises(BadModelFile, match="is a discriminator; expected the averaged generator"):
        read({"module.final_linear.0.weight": torch.zeros(1)}, path)


@pytest.mark.parametrize("prefix", ["module.", "backbone.", "teacher.backbone."])
def test_prefixes_of_dinov2(path, prefix):
    tensors = dinov2_look_alike.authors_tensors()
    # What is read stays in the file, which the next lines write anew.
    plain = {name: t.clone() for name, t in read(tensors, path).network.state_dict().items()}
    beside = {"dino_head.mlp.0.weight": torch.zeros(2)}
    foreign = read({"model": prefixed(tensors, prefix) | beside}, path)
    assert foreign.remarks == (
        TAKEN_OFF.format(prefix),
        "1 tensor with other names were left out",
    )
    found = foreign.network.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in plain.items())


@pytest.mark.parametrize("prefix", ["module.", "module.dinov2."])
def test_prefixes_of_dinov2_in_the_layout_of_hugging_face(path, prefix):
    tensors = dinov2_look_alike.hugging_face_tensors(dinov2_look_alike.authors_tensors(), prefix)
    classifier = {"module.classifier.weight": torch.zeros(10, 256)}
    assert read(tensors, path).remarks == (TAKEN_OFF.format(prefix),)
    assert "its classifier was left out" in read(tensors | classifier, path).remarks
