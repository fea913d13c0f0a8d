from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from partly.data.labels.label_maps import read_label_map
from partly.errors import BadLabel, BadModelFile, BadOption, BadPhoto
from partly.inference.segment import part_probabilities as strips_module
from partly.inference.segment.segment_photo_file import segment_photo
from partly.inference.segment.segmentation import PartArea, Segmentation
from tests.inference.segment.networks import PART_SET, ColourNetwork, FixedNetwork, PlaceNetwork


def two_halves(height: int, width: int) -> np.ndarray:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (255, 0, 0)
    pixels[:, width // 2 :] = (0, 0, 255)
    return pixels


@pytest.mark.parametrize(
    ("height", "width"), [(16, 16), (64, 64), (40, 90), (90, 40), (7, 8), (50, 10), (3, 300)]
)
@pytest.mark.parametrize("mirror_average", [False, True])
def test_labels_have_the_size_of_the_photo(height: int, width: int, mirror_average: bool) -> None:
    result = segment_photo(ColourNetwork(), two_halves(height, width), mirror_average=mirror_average)
    assert result.label_map.shape == result.confidence.shape == (height, width)
    assert result.label_map.dtype == np.uint8
    assert result.confidence.dtype == np.float32
    assert result.part_set is PART_SET
    if not mirror_average:
        margin = max(1, width // 10)
        assert (result.label_map[:, : width // 2 - margin] == 1).all()
        assert (result.label_map[:, width // 2 + margin :] == 2).all()
    assert (result.confidence > 1 / 3 - 1e-6).all()
    assert (result.confidence <= 1).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_tiny_and_thin_photos(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), (0, 0, 255), np.uint8)
    result = segment_photo(ColourNetwork(), pixels, mirror_average=False)
    np.testing.assert_array_equal(result.label_map, np.full(size, 2))


def test_confidence_is_the_softmax_of_the_part_given() -> None:
    pixels = np.full((16, 16, 3), (255, 0, 0), np.uint8)
    result = segment_photo(ColourNetwork(), pixels, mirror_average=False)
    logits = np.array([3.0, 12.0, -3.0])  # of the colour (1, -1, -1)
    np.testing.assert_allclose(result.confidence, np.exp(logits[1]) / np.exp(logits).sum(), rtol=1e-5)


def test_the_network_sees_the_whole_photo_with_its_edges_repeated() -> None:
    network = ColourNetwork(size_px=16)
    pixels = np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3) // 2
    segment_photo(network, pixels)
    (images,) = network.seen
    assert images.shape == (2, 3, 16, 16)
    assert images.dtype == torch.float32
    seen = ((images[0].permute(1, 2, 0) + 1) * 127.5).numpy()
    np.testing.assert_allclose(seen[4:12], pixels, atol=1e-4)
    np.testing.assert_allclose(seen[:4], np.broadcast_to(pixels[:1], (4, 16, 3)), atol=1e-4)
    np.testing.assert_allclose(seen[12:], np.broadcast_to(pixels[-1:], (4, 16, 3)), atol=1e-4)
    torch.testing.assert_close(images[1], images[0].flip(-1))


def test_large_photos_are_shrunk_with_antialiasing() -> None:
    network = ColourNetwork(size_px=8)
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    segment_photo(network, stripes, mirror_average=False)
    seen = (network.seen[0] + 1) * 127.5
    assert (seen - 100).abs().max() < 15


def test_size_px_replaces_the_size_of_the_network() -> None:
    network = ColourNetwork()
    segment_photo(network, two_halves(20, 30), size_px=48, mirror_average=False)
    assert network.seen[0].shape == (1, 3, 48, 48)
    with pytest.raises(BadOption) as caught:
        segment_photo(network, two_halves(20, 30), size_px=0)
    assert str(caught.value) == "size_px is 0; expected at least 1."


def test_mirror_average_exchanges_left_and_right() -> None:
    network = PlaceNetwork()
    photo = np.zeros((16, 16, 3), np.uint8)
    result = segment_photo(network, photo)
    x = np.linspace(-3, 3, 16)
    # Mirrored and exchanged, -x becomes x' + 1/2 at -x: both sides gain 1/4.
    logits = np.stack([np.full(16, -1.0), -x + 0.25, x + 0.25])
    np.testing.assert_array_equal(result.label_map[3], logits.argmax(0))
    probability = np.exp(logits) / np.exp(logits).sum(0)
    np.testing.assert_allclose(result.confidence[3], probability.max(0), rtol=1e-5)
    np.testing.assert_array_equal(result.label_map == 1, (result.label_map == 2)[:, ::-1])
    plain = segment_photo(network, photo, mirror_average=False)
    assert (plain.label_map == 2).sum() > (plain.label_map == 1).sum()


@settings(deadline=None, max_examples=60)
@given(
    h=st.integers(1, 12),
    w=st.integers(1, 12),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    budget=st.integers(1, 400),
)
def test_strips_equal_one_interpolation(h: int, w: int, height: int, width: int, budget: int) -> None:
    logits = torch.rand((2, h, w), generator=torch.Generator().manual_seed(h * 13 + w))
    patch = pytest.MonkeyPatch()
    patch.setattr(strips_module, "STRIP_VALUES", budget)
    try:
        strips = list(strips_module.upsampled_strips(logits, height, width))
    finally:
        patch.undo()
    shrinks = height <= h and width <= w
    expected = F.interpolate(logits[None], (height, width), mode="bilinear", antialias=shrinks)[0]
    torch.testing.assert_close(torch.cat(strips, dim=1), expected, rtol=1e-4, atol=1e-5)
    if not shrinks:
        assert all(strip.shape[1] == 1 or strip.numel() <= budget for strip in strips)


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (90, 70, 3), np.uint8)
    whole = segment_photo(ColourNetwork(), photo)
    monkeypatch.setattr(strips_module, "STRIP_VALUES", 1000)
    parts = segment_photo(ColourNetwork(), photo)
    np.testing.assert_array_equal(parts.label_map, whole.label_map)
    np.testing.assert_allclose(parts.confidence, whole.confidence, rtol=1e-6)


def test_training_mode_is_put_back() -> None:
    network = ColourNetwork().train()
    network.conv.eval()
    segment_photo(network, two_halves(8, 8))
    assert network.modes == [False]
    assert network.training
    assert not network.conv.training


def test_photos_of_any_kind(tmp_path: Path) -> None:
    pixels = two_halves(20, 30)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    expected = segment_photo(ColourNetwork(), pixels)
    for photo in (path, str(path), path.read_bytes(), Image.fromarray(pixels)):
        np.testing.assert_array_equal(segment_photo(ColourNetwork(), photo).label_map, expected.label_map)
    with pytest.raises(BadPhoto, match="no such file"):
        segment_photo(ColourNetwork(), tmp_path / "b.png")


def test_networks_that_are_broken_are_told() -> None:
    photo = two_halves(16, 16)
    with pytest.raises(BadModelFile) as caught:
        segment_photo(FixedNetwork(torch.full((2, 3, 16, 16), torch.nan)), photo)
    assert str(caught.value) == "the network's logits are not finite. Train it again."
    with pytest.raises(ValueError, match=r"gives logits \(2, 3, 8, 8\); expected \(2, 3, 16, 16\)"):
        segment_photo(FixedNetwork(torch.zeros(2, 3, 8, 8)), photo)


def test_areas_and_masks() -> None:
    label_map = np.zeros((600, 4), np.uint8)
    label_map[590:, :2] = 1
    confidence = np.where(label_map == 1, 0.5, 0.875).astype(np.float32)
    result = Segmentation(label_map, confidence, PART_SET)
    assert result.areas() == (
        PartArea("background", 2380, 2380 / 2400, 0.875),
        PartArea("left", 20, 20 / 2400, 0.5),
        PartArea("right", 0, 0.0, None),
    )
    np.testing.assert_array_equal(result.mask("left"), label_map == 1)
    with pytest.raises(BadLabel):
        result.mask("wing")


def test_save_writes_the_label_map(tmp_path: Path) -> None:
    result = segment_photo(ColourNetwork(), two_halves(20, 30))
    result.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png", PART_SET), result.label_map)


def test_several_sizes_are_averaged() -> None:
    network = ColourNetwork(24)
    result = segment_photo(network, two_halves(60, 60), mirror_average=False, scales=(0.5, 1.0, 1.5))
    assert [images.shape[-1] for images in network.seen] == [12, 24, 36]
    alone = segment_photo(ColourNetwork(24), two_halves(60, 60), mirror_average=False, scales=(1.5,))
    assert (result.label_map == alone.label_map).mean() > 0.95
    assert not np.array_equal(result.confidence, alone.confidence)


@pytest.mark.parametrize("scales", [(), (0.0, 1.0)])
def test_impossible_scales_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(BadOption, match=r"scales are \[.*\]; expected one or more, above 0"):
        segment_photo(ColourNetwork(), two_halves(8, 8), scales=scales)


def test_refined_boundaries_follow_the_photo() -> None:
    logits = torch.zeros(1, 3, 256, 256)
    logits[:, 1, :, :127] = 4
    logits[:, 2, :, 127:] = 4
    network, photo = FixedNetwork(logits), two_halves(256, 256)
    plain, refined = (
        segment_photo(network, photo, mirror_average=False, size_px=256, refine=refine)
        for refine in (False, True)
    )
    assert (plain.label_map[:, 127] == 2).all()
    assert (refined.label_map[:, :128] == 1).all()
    assert (refined.label_map[:, 128:] == 2).all()
    assert (refined.confidence <= 1).all()
    assert (refined.confidence[:, [0, -1]] > 0.9).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (40, 3), (300, 200)])
def test_photos_of_any_shape_are_refined(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), (0, 0, 255), np.uint8)
    result = segment_photo(ColourNetwork(), pixels, refine=True, mirror_average=False)
    np.testing.assert_array_equal(result.label_map, np.full(size, 2))
    assert np.isfinite(result.confidence).all()


class CertainNetwork:
    """Says the same of every pixel, 0 but for part 1, and keeps the shapes that it was shown."""

    def __init__(self, logit: float, size_px: int) -> None:
        self.part_set, self.size_px, self.shown = PART_SET, size_px, []
        self.logit = logit

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.shown.append(tuple(images.shape))
        logits = torch.zeros(len(images), PART_SET.n_parts, *images.shape[2:])
        logits[:, 1] = self.logit
        return logits


def test_of_a_network_with_an_encoder_only_the_fast_half_looks_often() -> None:
    slow, fast = CertainNetwork(3.0, 56), CertainNetwork(-1.0, 32)
    slow.multiple_px = 14
    both = CertainNetwork(0.0, 56)
    both.halves, both.share = (slow, fast), 0.25
    said = segment_photo(both, np.zeros((40, 80, 3), np.uint8), scales=(1.0, 2.0))
    assert slow.shown == [(1, 3, 42, 84)]
    assert fast.shown == [(2, 3, 32, 32), (2, 3, 64, 64)]
    # The mirrored photo exchanges parts 1 and 2, so that both have half of the fast one's logit.
    by_slow, by_fast = torch.tensor([0.0, 3.0, 0.0]), torch.tensor([0.0, -0.5, -0.5])
    expected = float((0.75 * by_slow.log_softmax(0) + 0.25 * by_fast.log_softmax(0)).softmax(0)[1])
    assert set(np.unique(said.label_map)) == {1}
    np.testing.assert_allclose(said.confidence, expected, rtol=1e-5)
    segment_photo(both, np.zeros((40, 80, 3), np.uint8), size_px=112)
    assert (slow.shown[-1], fast.shown[-1]) == ((1, 3, 84, 154), (2, 3, 64, 64))
