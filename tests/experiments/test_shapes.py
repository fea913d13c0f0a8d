import numpy as np
import pytest
from experiments.face_alignment import CANONICAL_LANDMARKS, affine, aligned_coordinates, apply, landmarks
from experiments.regions import SHAPES, shape_map

from tests.experiments.conftest import face_ids

KNOWN = np.array([[20.0, 3.0, 32.0], [-2.0, 22.0, 24.0]])


def test_a_known_affine_map_is_found():
    draws = np.random.default_rng(0)
    source = draws.standard_normal((4, 2))
    target = source @ KNOWN[:, :2].T + KNOWN[:, 2]
    assert np.allclose(affine(source, target), KNOWN)
    assert np.allclose(apply(affine(source, target), source), target)


def test_noise_is_averaged_out():
    draws = np.random.default_rng(0)
    source = draws.standard_normal((2000, 2))
    noisy = apply(KNOWN, source) + draws.standard_normal((2000, 2))
    assert np.allclose(affine(source, noisy), KNOWN, atol=0.1)


def test_points_on_a_line_fix_no_map():
    line = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match="lie on no line"):
        affine(line, line)


def test_landmarks_are_centres():
    assert landmarks(face_ids()).tolist() == [[24, 24], [40, 24], [32, 31], [32, 42]]
    swapped = face_ids()
    swapped[swapped == 4], swapped[:, 32:][swapped[:, 32:] == 5] = 99, 4
    swapped[swapped == 99] = 5
    assert landmarks(swapped).tolist() == landmarks(face_ids()).tolist()


@pytest.mark.parametrize("part", [4, 5, 10, 11])
def test_without_a_landmark_there_is_no_shape(part):
    ids = face_ids()
    ids[ids == part] = 1
    assert landmarks(ids) is None
    assert aligned_coordinates(ids) is None
    assert shape_map("half", ids) is None


def test_landmarks_on_a_line_give_no_coordinates():
    ids = np.zeros((64, 64), np.uint8)
    for part, column in ((4, 10), (5, 30), (10, 40), (11, 50)):
        ids[30:34, column : column + 4] = part
    assert aligned_coordinates(ids) is None


def test_coordinates_are_aligned_at_the_landmarks():
    """A face with the proportions of the canonical one is aligned exactly."""
    ids = np.zeros((256, 256), np.uint8)
    places = apply(np.array([[60.0, 0, 128], [0, 60, 90]]), CANONICAL_LANDMARKS)
    for part, (x, y) in zip((4, 5, 10, 11), places, strict=True):
        ids[round(y) - 4 : round(y) + 4, round(x) - 4 : round(x) + 4] = part
    aligned = aligned_coordinates(ids)
    assert aligned.shape == (256, 256, 2)
    assert np.abs(aligned[89:91, 97:99] - [-0.5, 0]).max() < 0.02
    assert np.abs(aligned[89:91, 127:129] - [0, 0]).max() < 0.02


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_move_with_the_face_and_stay_in_it(name):
    ids, moved = face_ids(256), face_ids(256, 3)
    shape = shape_map(name, ids)
    assert 0 < shape.sum() < np.isin(ids, (1, 2, 3, 4, 5, 10, 11)).sum()
    assert not shape[ids == 0].any()
    assert not shape[ids == 17].any()
    assert (np.roll(shape, 12, axis=1) == shape_map(name, moved)).all()


def test_halves_and_nose():
    ids = face_ids(256)
    half = shape_map("half", ids)
    assert half[:, :128][np.isin(ids[:, :128], (1, 4))].all()
    assert not half[:, 128:].any()
    assert (shape_map("nose", ids) == (ids == 10)).all()
