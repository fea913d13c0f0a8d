from __future__ import annotations

import numpy as np
import pytest

from partly.data.photos.overlays import colour, overlay
from partly.errors import BadLabel, BadOption
from tests.data.photos.files import gradient

COLOURS = np.array([(0, 0, 0), (200, 100, 50), (0, 0, 255)], np.uint8)


def label_map() -> np.ndarray:
    labels = np.zeros((24, 32), np.uint8)
    labels[4:20, 4:12] = 1
    labels[10:, 16:] = 2
    labels[:2] = 255
    return labels


def test_colour_gives_each_part_its_own() -> None:
    picture = colour(label_map(), COLOURS, unlabelled=(1, 2, 3))
    assert picture.shape == (24, 32, 3)
    for part, rgb in ((0, (0, 0, 0)), (1, (200, 100, 50)), (2, (0, 0, 255)), (255, (1, 2, 3))):
        assert (picture[label_map() == part] == rgb).all()


def test_overlay_is_a_weighted_mean_and_leaves_unlabelled_pixels() -> None:
    pixels, labels = gradient(), label_map()
    for opacity in (0.25, 0.5, 0.75):
        result = overlay(pixels, labels, COLOURS, opacity)
        expected = (1 - opacity) * pixels + opacity * colour(labels, COLOURS)
        np.testing.assert_allclose(result[2:], expected[2:], atol=0.51)
        np.testing.assert_array_equal(result[:2], pixels[:2])


def test_opacity_0_and_1_are_exact() -> None:
    pixels, labels = gradient(), label_map()
    np.testing.assert_array_equal(overlay(pixels, labels, COLOURS, 0), pixels)
    full = overlay(pixels, labels, COLOURS, 1)
    np.testing.assert_array_equal(full[2:], colour(labels, COLOURS)[2:])


def test_overlay_of_many_strips_and_another_layout() -> None:
    pixels = gradient(1100, 5)
    labels = (np.arange(1100)[:, None] // 100 % 3 * np.ones((1, 5))).astype(np.uint8)
    expected = overlay(pixels[600:700], labels[600:700], COLOURS)
    np.testing.assert_array_equal(overlay(pixels, labels, COLOURS)[600:700], expected)


def test_outlines_are_dark_and_as_wide_as_asked() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[:, 4:] = 1
    labels[0] = 255
    plain = overlay(gradient(9, 9), labels, COLOURS)
    for width in (1, 2, 3):
        lined = overlay(gradient(9, 9), labels, COLOURS, outline_px=width)
        changed = (lined != plain).any(axis=2)
        expected = np.zeros((9, 9), bool)
        expected[1:, 4 - width : 4] = True
        np.testing.assert_array_equal(changed, expected)
        assert (lined[changed] == (0, 0, 0)).all()
    assert (overlay(gradient(9, 9), labels[:, ::-1], COLOURS, outline_px=1)[3, 4] == (80, 40, 20)).all()


def test_unknown_parts_other_sizes_and_opacities_are_refused() -> None:
    labels = label_map()
    with pytest.raises(BadLabel) as caught:
        overlay(gradient(10, 10), labels, COLOURS)
    assert str(caught.value) == "the label map has 32 x 24 pixels; expected 10 x 10, as its picture."
    with pytest.raises(BadOption) as option:
        overlay(gradient(), labels, COLOURS, 1.5)
    assert str(option.value) == "opacity 1.5; expected 0 to 1."
    labels[5, 5], labels[6, 6] = 3, 254
    for call in (lambda: colour(labels, COLOURS), lambda: overlay(gradient(), labels, COLOURS)):
        with pytest.raises(BadLabel) as caught:
            call()
        assert (
            str(caught.value) == "the label map has part ids 3, 254; expected 0 to 2, or 255 for unlabelled."
        )
