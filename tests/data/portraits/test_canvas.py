import numpy as np

from partly.data.labels.part_sets import FACE_PARTS
from partly.data.portraits.canvas import Canvas, as_pixels, as_plane
from partly.data.portraits.face_geometry import frame_of

EVERYWHERE = frame_of(6, (0.5, 0.5), 1.0, 0.0)


def test_layers_blend_and_the_upper_part_counts_where_it_hides_more_than_half():
    canvas = Canvas(2, 3)
    canvas.fill(as_plane((0.0, 0.0, 0.0)))
    cover = np.zeros((6, 6), np.float32)
    cover[:, :3], cover[:3, 3:] = 1.0, 0.4
    canvas.paint(EVERYWHERE, cover, (1.0, 0.5, 0.0), "hair")
    assert np.allclose(canvas.colours()[:, 0], [[1, 0.4], [0.5, 0.2], [0, 0]])
    hair = FACE_PARTS.index("hair")
    assert canvas.label_map().tolist() == [[hair, 0], [hair, 0]]


def test_a_layer_without_a_part_leaves_the_parts_alone():
    canvas = Canvas(2, 3)
    canvas.paint(EVERYWHERE, np.ones((6, 6), np.float32), (1.0, 1.0, 1.0))
    assert not canvas.label_map().any()
    canvas.shade(EVERYWHERE, np.full((6, 6), 0.5, np.float32))
    assert np.allclose(canvas.colours(), 0.5)


def test_the_part_of_a_pixel_is_that_of_most_subpixels():
    """Against counting one by one, on random layers."""
    random = np.random.default_rng(0)
    canvas = Canvas(5, 3)
    frame = frame_of(15, (0.5, 0.5), 1.0, 0.0)
    truth = np.zeros((15, 15), int)
    for name in FACE_PARTS.names[1:]:
        cover = (random.random((15, 15)) < 0.3).astype(np.float32)
        canvas.paint(frame, cover, (0.5, 0.5, 0.5), name)
        truth[cover > 0.5] = FACE_PARTS.index(name)
    for row in range(5):
        for column in range(5):
            block = truth[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            assert canvas.label_map()[row, column] == np.bincount(block.ravel()).argmax()


def test_pixels_are_rounded_and_cut_off():
    colours = np.array([-0.2, 0.5, 1.4], np.float32)[:, None, None]
    assert as_pixels(colours).tolist() == [[[0, 128, 255]]]
