import math

import numpy as np
import pytest

from partly.data.portraits.face_geometry import frame_of


def test_coordinates_of_an_upright_frame():
    frame = frame_of(4, (0.5, 0.25), 2.0, 0.0)
    assert np.allclose(frame.x[0], np.array([-0.375, -0.125, 0.125, 0.375]) / 2)
    assert np.allclose(frame.y[:, 0], np.array([-0.125, 0.125, 0.375, 0.625]) / 2)
    assert frame.unit_px == 8


def test_a_quarter_turn_clockwise():
    frame = frame_of(4, (0.5, 0.5), 1.0, math.pi / 2)
    # What pointed right points down.
    assert np.allclose(frame.x, frame_of(4, (0.5, 0.5), 1.0, 0.0).y, atol=1e-6)


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.1])
def test_a_window_holds_its_box_and_little_more(turn):
    frame = frame_of(100, (0.4, 0.6), 0.9, turn)
    window = frame.around(0.1, -0.05, 0.12, 0.06)
    box = (abs(frame.x - 0.1) <= 0.12) & (abs(frame.y + 0.05) <= 0.06)
    inside = np.zeros_like(box)
    inside[window.rows, window.columns] = True
    assert not (box & ~inside).any()
    rows, columns = np.nonzero(box)
    assert window.rows.start >= rows.min() - 3
    assert window.columns.stop <= columns.max() + 4
    assert np.array_equal(window.x, frame.x[window.rows, window.columns])
    # Windows of windows are the same windows.
    again = frame.around(0.1, -0.05, 0.3, 0.3).around(0.1, -0.05, 0.12, 0.06)
    assert (again.rows, again.columns) == (window.rows, window.columns)
    assert np.array_equal(again.y, window.y)


def test_outside_of_the_picture_is_an_empty_window():
    window = frame_of(20, (0.5, 0.5), 1.0, 0.0).around(3, 0, 0.1, 0.1)
    assert window.x.size == 0


def test_coverage_is_half_on_the_edge():
    frame = frame_of(10, (0.5, 0.5), 1.0, 0.0)
    distances = np.array([[-1.0, 0.0, 0.025, 1.0]], np.float32)
    assert np.allclose(frame.coverage(distances), [[1, 0.5, 0.25, 0]])
