"""Label maps and part sets for tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from partly.data.labels.part_sets import UNLABELLED, Part, PartSet

PARTS = PartSet(
    (
        Part("background", (0, 0, 0)),
        Part("left", (200, 0, 0), mirror="right"),
        Part("right", (0, 200, 0), mirror="left"),
        Part("nose", (0, 0, 200)),
    )
)


def drawn(text):
    """A label map from rows of digits, '.' for unlabelled."""
    rows = text.split()
    return np.array([[UNLABELLED if c == "." else int(c) for c in row] for row in rows], np.uint8)


@st.composite
def masks(draw, max_side=9):
    height, width = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    pixels = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(pixels, bool).reshape(height, width)


@st.composite
def label_maps(draw, max_side=8, ids=(0, 1, 2, 3, UNLABELLED)):
    height, width = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    values = draw(st.lists(st.sampled_from(ids), min_size=height * width, max_size=height * width))
    return np.array(values, np.uint8).reshape(height, width)


def blobs(seed=0, size=(96, 120), n_parts=4):
    """A label map of smooth regions with holes, islands and a few unlabelled pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] / 20
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-2, 2, (n_parts, 3))]
    label_map = np.argmax(waves, axis=0).astype(np.uint8)
    label_map[rng.random(size) < 0.01] = UNLABELLED
    return label_map
