from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadModelFile, BadOption
from partly.models.generators.mobile_stylegan import (
    MobileStyleGAN,
    MobileStyleGANShape,
    StyledConv,
    inverse_haar,
    load_mobile_stylegan,
)
from tests.fakes import tiny_generator
from tests.models.generators.contract import GeneratorContract


class TestContract(GeneratorContract):
    name = "MobileStyleGAN"
    impossible = ({"surprise": 1},)

    @pytest.fixture
    def generator(self) -> MobileStyleGAN:
        return tiny_generator()


def test_full_size_has_the_fifteen_levels_of_the_original() -> None:
    with torch.device("meta"):
        generator = MobileStyleGAN(MobileStyleGANShape())
    assert len(generator.levels) == 15
    assert sum(level.n_channels for level in generator.levels) == 5504
    assert generator.image_size_px == 1024
    assert generator.n_layers == 23


def test_inverse_haar_against_the_transform_written_out() -> None:
    bands = torch.randn(2, 12, 4, 5)
    low, details = bands[:, :3], bands[:, 3:].reshape(2, 3, 3, 4, 5)
    expected = torch.empty(2, 3, 8, 10)
    for r in range(2):
        for c in range(2):
            signed = low + (-1) ** r * details[:, :, 0] + (-1) ** c * details[:, :, 1]
            expected[:, :, r::2, c::2] = (signed + (-1) ** (r + c) * details[:, :, 2]) / 2
    torch.testing.assert_close(inverse_haar(bands), expected)


def test_inverse_haar_keeps_energy() -> None:
    bands = torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(inverse_haar(bands).square().sum(), bands.square().sum())


def test_styled_convolution_against_modulated_weights() -> None:
    layer = StyledConv(6, 4, 5, 8)
    layer.noise.data.normal_()
    x, w = torch.randn(3, 4, 8, 8), torch.randn(3, 6)
    style = layer.modulation(w)
    for i in range(3):
        dense = (layer.pointwise * layer.depthwise.transpose(0, 1)) * style[i].view(1, -1, 1, 1)
        expected = F.conv2d(x[i : i + 1], dense, layer.bias, padding=1) + layer.noise
        expected = F.leaky_relu(expected, 0.2)
        torch.testing.assert_close(layer(x[i : i + 1], w[i : i + 1]), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(layer(x, w)[i : i + 1], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("channels", "up_channels", "text"),
    [((16, 16), (4, 4), "one more of the first"), ((16, 16), (5,), "four times as many before")],
)
def test_impossible_shapes_are_refused(
    channels: tuple[int, ...], up_channels: tuple[int, ...], text: str
) -> None:
    with pytest.raises(BadOption, match=text):
        MobileStyleGAN(MobileStyleGANShape(8, 1, channels, up_channels))


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    tiny_generator().save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["n_mapping_layers"] = 2
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match=r"weights do not fit its model\.json"):
        load_mobile_stylegan(tmp_path)
