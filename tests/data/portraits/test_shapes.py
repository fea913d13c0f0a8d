import math

import numpy as np
import pytest

from partly.data.portraits.face_geometry import frame_of
from partly.data.portraits.outline_shapes import between_curves, both, egg, ellipse, soft_spot, without

FRAME = frame_of(200, (0.5, 0.5), 1.0, 0.0)


def area(distance):
    return FRAME.coverage(distance).sum() / 200**2


@pytest.mark.parametrize("tilt", [0.0, 0.7])
def test_area_of_an_ellipse(tilt):
    assert area(ellipse(FRAME, 0.05, -0.1, 0.2, 0.1, tilt)) == pytest.approx(math.pi * 0.2 * 0.1, rel=0.02)


def test_tilt_is_clockwise():
    # Downwards is positive, so clockwise takes the right end down.
    inside = ellipse(FRAME, 0, 0, 0.3, 0.05, 0.5) < 0
    assert (FRAME.x * FRAME.y)[inside].mean() > 0


def test_an_egg_is_two_half_ellipses_unless_it_has_a_jaw():
    round_one = area(egg(FRAME, 0.2, 0.3, 0.25, 0.0, 0.0))
    assert round_one == pytest.approx(math.pi * 0.2 * (0.3 + 0.25) / 2, rel=0.02)
    assert area(egg(FRAME, 0.2, 0.3, 0.25, 0.7, 0.0)) > round_one * 1.03
    assert area(egg(FRAME, 0.2, 0.3, 0.25, -0.5, 0.0)) < round_one * 0.98
    assert area(egg(FRAME, 0.2, 0.3, 0.25, 0.0, 0.3)) < round_one * 0.98


def test_nothing_far_from_a_square_egg_is_inside():
    distance = egg(FRAME, 0.05, 0.06, 0.05, 0.8, 0.1)
    far = np.maximum(abs(FRAME.x) / 0.05, abs(FRAME.y) / 0.05) > 1.3
    assert (distance[far] > 0).all()


def test_between_two_lines():
    flat = np.zeros_like(FRAME.x)
    assert area(between_curves(flat - 0.1, FRAME.y, flat + 0.15)) == pytest.approx(0.25, abs=0.001)


def test_meeting_and_taking_away():
    left, top = FRAME.x, FRAME.y
    assert area(without(left, top)) == pytest.approx(0.25, abs=0.01)
    sharp, rounded = area(np.maximum(left, top)), area(both(left, top, 0.2))
    assert sharp - 0.02 < rounded < sharp - 0.001
    # Far from the corner, rounding changes nothing.
    assert both(left, top, 0.1)[100, 10] == pytest.approx(max(left[100, 10], top[100, 10]))


def test_a_soft_spot_fades_to_nothing():
    spot = soft_spot(FRAME, 0, 0, 0.2, 0.1)
    assert spot.max() == pytest.approx(1, abs=0.01)
    assert spot[100, 100] > spot[100, 120] > spot[100, 139]
    assert not spot[:, 145:].any()
