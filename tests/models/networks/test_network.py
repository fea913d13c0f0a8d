import json

import pytest
import torch
from safetensors.torch import save_file

from partly.data.labels.part_sets import Part, PartSet
from partly.errors import BadModelFile, BadOption
from partly.models.networks.auto_shot_network import AutoShotNetwork, load_network
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.storage.model_folders import ModelCard, save_model

PARTS = PartSet(
    (Part("background", (0, 0, 0)), Part("left", (9, 0, 0), "right"), Part("right", (0, 9, 0), "left"))
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return AutoShotNetwork("unet-small", PARTS, 64).eval()


def logits_of(network, size_px=32):
    images = torch.rand(1, 3, size_px, size_px, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        return network(images)


def test_a_saved_network_is_complete_by_itself(network, tmp_path):
    card = network.save(tmp_path / "auto_shot", {"licence": "CC0"})
    loaded = load_network(tmp_path / "auto_shot")
    assert torch.equal(logits_of(loaded), logits_of(network))
    assert (loaded.part_set, loaded.size_px, loaded.architecture) == (PARTS, 64, "unet-small")
    assert not loaded.training
    assert card.weights_sha256 == network.digest == loaded.digest
    values = json.loads((tmp_path / "auto_shot" / "model.json").read_text())
    assert values["kind"] == "auto_shot/unet"
    assert values["licence"] == "CC0"
    assert values["preprocessing"]["range"] == [-1, 1]


def test_truncated_weights_are_refused(network, tmp_path):
    network.save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BadModelFile, match=r"model.safetensors: has sha256 .* truncated or changed"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"architecture": "unet-huge", "part_set": PARTS.to_json(), "size_px": 64},
        {"architecture": "unet-small", "part_set": [], "size_px": 64},
        {"architecture": "unet-small", "part_set": PARTS.to_json(), "size_px": "wide"},
        {"architecture": "unet-small", "part_set": PARTS.to_json(), "size_px": 1 << 40},
        {"architecture": "unet-small", "part_set": PARTS.to_json(), "size_px": float("inf")},
    ],
)
def test_arguments_that_build_no_network(arguments, network, tmp_path):
    save_model(tmp_path, ModelCard("auto_shot/unet", arguments), network.state_dict())
    with pytest.raises(BadModelFile, match=r"model.json: its arguments build no auto-shot network"):
        load_network(tmp_path)


def test_another_kind_of_model(network, tmp_path):
    save_model(tmp_path, ModelCard("generator/dcgan", {}), network.state_dict())
    with pytest.raises(
        BadModelFile, match="is a model of kind 'generator/dcgan'; expected kind 'auto_shot/'"
    ):
        load_network(tmp_path)


def test_weights_of_another_size(network, tmp_path):
    arguments = {"architecture": "unet-medium", "part_set": PARTS.to_json(), "size_px": 64}
    save_model(tmp_path, ModelCard("auto_shot/unet", arguments), network.state_dict())
    with pytest.raises(BadModelFile, match=r"its weights do not fit its model.json"):
        load_network(tmp_path)


def test_the_copy_for_use_says_the_same(network):
    assert torch.allclose(logits_of(network.for_inference()), logits_of(network), atol=1e-5)


@pytest.mark.parametrize("architecture", ["unet-small", "lite0-unet"])
def test_shift_is_added_to_the_logits(architecture):
    network = AutoShotNetwork(architecture, PARTS, 64).eval()
    before, shift = logits_of(network), torch.tensor([1.0, -2.0, 0.5])
    network.shift_logits(shift)
    assert torch.allclose(logits_of(network), before + shift.view(1, 3, 1, 1), atol=1e-5)


def test_pretrained_encoder(tmp_path):
    weights = {name: torch.ones_like(tensor) for name, tensor in EfficientNetLite0().state_dict().items()}
    save_file(weights, tmp_path / "lite0.safetensors")
    network = AutoShotNetwork("lite0-unet", PARTS, 64)
    network.load_pretrained_encoder(tmp_path / "lite0.safetensors")
    assert (network.body.encoder.stem.conv.weight == 1).all()


def test_pretrained_encoder_of_a_network_without_one(network, tmp_path):
    with pytest.raises(BadOption, match="'unet-small' has no pretrained encoder; expected lite0-unet"):
        network.load_pretrained_encoder(tmp_path / "lite0.safetensors")


def test_pretrained_encoder_that_is_missing_or_damaged(tmp_path):
    network = AutoShotNetwork("lite0-unet", PARTS, 64)
    with pytest.raises(BadModelFile, match=r"lite0.safetensors: cannot be read .* Fetch the pretrained"):
        network.load_pretrained_encoder(tmp_path / "lite0.safetensors")
    (tmp_path / "lite0.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BadModelFile, match="cannot be read"):
        network.load_pretrained_encoder(tmp_path / "lite0.safetensors")
    save_file({"stem.conv.weight": torch.zeros(1)}, tmp_path / "lite0.safetensors")
    with pytest.raises(BadModelFile, match=r"its weights do not fit"):
        network.load_pretrained_encoder(tmp_path / "lite0.safetensors")
