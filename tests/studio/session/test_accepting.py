import numpy as np

from partly.studio.session.picture_painting import accepted, enlarged


def test_enlarged_has_the_same_ids_and_smooth_boundaries():
    labels = np.zeros((16, 16), np.uint8)
    labels[np.add.outer(np.arange(16), np.arange(16)) > 15] = 7
    labels[:3, :3] = 255
    large = enlarged(labels, 64, 64)
    assert set(np.unique(large)) == {0, 7, 255}
    assert np.array_equal(enlarged(labels, 16, 16), labels)
    centres = large[2::4, 2::4]
    assert (centres == labels).mean() > 0.95
    steps = (np.diff((large == 7).astype(int), axis=1) != 0).argmax(1)
    assert len(set(steps[16:48])) > 16  # one step a row, not one every fourth


def test_a_straight_boundary_stays_where_it_is():
    labels = np.zeros((8, 8), np.uint8)
    labels[:, 4:] = 3
    assert np.array_equal(enlarged(labels, 32, 32), labels.repeat(4, 0).repeat(4, 1))


def test_accepted_leaves_painted_pixels_alone():
    painted = np.full((8, 8), 255, np.uint8)
    painted[0] = 2
    predicted = np.ones((4, 4), np.uint8)
    predicted[3, 3] = 255
    result = accepted(painted, predicted, only_unlabelled=True)
    assert (result[0] == 2).all()
    assert (result[1:6, :6] == 1).all()
    assert result[7, 7] == 255
    assert (accepted(painted, predicted, only_unlabelled=False)[0] == 1).all()
