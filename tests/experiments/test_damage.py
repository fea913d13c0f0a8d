import numpy as np
import pytest
from experiments.bisenet import face_parts_of
from experiments.damage import grown, jittered, mislabelled, scribbled
from experiments.studies.label_noise import EXPERIMENT, damaged

from partly.data.labels.part_sets import FACE_PARTS
from tests.experiments.conftest import face_ids


@pytest.fixture
def face():
    return face_parts_of(face_ids(256))


def square():
    label_map = np.zeros((64, 64), np.uint8)
    label_map[20:44, 20:44] = 1
    label_map[30:34, 30:34] = 255
    return label_map


def test_jitter_moves_boundaries_by_about_its_amplitude(face):
    assert (jittered(face, 0, 0) == face).all()
    changed = [(jittered(face, px, 0) != face).mean() for px in (1, 2, 4)]
    assert 0 < changed[0] < changed[1] < changed[2] < 0.3
    assert (jittered(face, 4, 1) == jittered(face, 4, 1)).all()
    assert (jittered(face, 4, 1) != jittered(face, 4, 2)).any()
    # Far from every boundary nothing changes: a displacement is seldom three times its root mean square.
    edge = np.zeros((64, 64), np.uint8)
    edge[:, 32:] = 1
    moved = jittered(edge, 2, 0)
    assert (moved[:, :24] == 0).all()
    assert (moved[:, 40:] == 1).all()
    assert (moved != edge).any()


def test_growing_and_shrinking_move_the_outline_only():
    label_map = square()
    larger, smaller = grown(label_map, 2), grown(label_map, -2)
    assert (larger[18:46, 20:44][label_map[18:46, 20:44] != 255] == 1).all()
    assert (larger == 1).sum() > (label_map == 1).sum() > (smaller == 1).sum()
    assert not larger[:18].any()
    assert (smaller[22:42, 22:42] == label_map[22:42, 22:42]).all()
    assert not smaller[:22].any()
    assert ((larger == 255) == (label_map == 255)).all()
    assert ((smaller == 255) == (label_map == 255)).all()
    assert (grown(label_map, 0) == label_map).all()


@pytest.mark.parametrize("share", [0.1, 0.03, 0.01, 0.003])
def test_scribbles_keep_so_many_right_pixels_of_every_part(face, share):
    kept = scribbled(face, share, 0)
    labelled = kept != 255
    assert (kept[labelled] == face[labelled]).all()
    for part in range(FACE_PARTS.n_parts):
        n_all, n_kept = (face == part).sum(), (kept == part).sum()
        assert n_kept == max(3, round(share * n_all))
    assert (scribbled(face, share, 0) == kept).all()
    assert (scribbled(face, share, 1) != kept).any()


def test_scribbles_are_strokes(face):
    """Most labelled pixels touch another one of their part, which scattered ones would not."""
    kept = scribbled(face, 0.03, 0)
    skin = np.pad(kept == 1, 1)
    rows, columns = np.nonzero(skin)
    touching = [skin[r - 1 : r + 2, c - 1 : c + 2].sum() > 1 for r, c in zip(rows, columns, strict=True)]
    assert np.mean(touching) > 0.9


def test_scribbles_of_tiny_parts_end():
    label_map = np.full((8, 8), 255, np.uint8)
    label_map[0, 0] = 1
    label_map[4, 4:6] = 2
    assert (scribbled(label_map, 0.5, 0) == label_map).all()


def test_half_a_part_is_taken_for_another(face):
    neck, ear = FACE_PARTS.index("neck"), FACE_PARTS.index("ear")
    low = mislabelled(face, neck, 1, "lower")
    changed = low != face
    assert changed.sum() == (face == neck).sum() // 2
    assert (face[changed] == neck).all()
    assert (low[changed] == 1).all()
    assert np.nonzero(changed)[0].min() >= np.nonzero((low == neck).any(1))[0].max()
    left = mislabelled(face, ear, 7, "left") != face
    assert np.nonzero(left)[1].max() < 128


def test_every_cell_damages_as_it_says(face):
    for cell in EXPERIMENT.cells:
        result = damaged(face, cell.settings, 0)
        assert result.shape == face.shape
        assert (result != face).any() == (cell.settings["damage"] != "none"), cell.key
        assert set(np.unique(result)) - {255} == set(range(10))
