from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from partly.data.labels.part_colours import UNLABELLED_COLOUR, distinct_colours
from partly.data.labels.part_sets import FACE_PARTS

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def oklab(colours, vision):
    share = np.asarray(colours) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISIONS[vision]).T, 0, 1)
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(seen @ np.array(to_cones).T) @ np.array(to_lab).T


@pytest.mark.parametrize("vision", VISIONS)
def test_face_colours_stay_apart_for_every_kind_of_colour_vision(vision):
    lab = oklab(FACE_PARTS.colours, vision)
    nearest = min(np.linalg.norm(a - b) for a, b in combinations(lab, 2))
    # The well-known eight colours of Okabe and Ito come as near as 0.076.
    assert nearest > 0.13


def test_any_number_of_colours_is_distinct_and_none_is_that_of_unlabelled():
    colours = distinct_colours(255)
    assert len(set(colours)) == 255
    assert UNLABELLED_COLOUR not in colours
    assert colours[:20] == distinct_colours(20)
    assert distinct_colours(3) == colours[:3]
