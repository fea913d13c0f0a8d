"""Compositions of photos of objects: truth and frames move as the pixels do."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from experiments.anywhere.arrangements import FACES, HORSES, SIDE_PX
from experiments.anywhere.composition import (
    Canvas,
    Composition,
    ObjectPhoto,
    Place,
    as_it_is,
    in_a_row,
    tiled,
    turned,
)

from partly.inference.find import Frame, seen_in

N = 10
BACKDROP = 7


def object_photo(number: int = 0, height: int = 64, width: int = 64) -> ObjectPhoto:
    """A photo whose truth is in its pixels: parts are blocks, and green is ten times the part.

    Red is the number of the photo plus 100.
    """
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    truth = ((rows[:, None] + 2 * columns + number) % 10).astype(np.uint8)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = 100 + number, 10 * truth
    return ObjectPhoto(f"p{number}", pixels, truth)


@pytest.fixture(scope="module")
def photos() -> list[ObjectPhoto]:
    return [object_photo(number) for number in range(N)]


def backdrops(n: int = N) -> list[np.ndarray]:
    return [np.full((SIDE_PX, SIDE_PX, 3), BACKDROP, np.uint8) for _ in range(n)]


def truth_in_pixels(composition: Composition) -> float:
    """Share of counted pixels whose colour tells the truth that is there; between parts, colours blend."""
    is_object = composition.pixels[..., 0] >= 90
    parts = np.where(is_object, (composition.pixels[..., 1] + 5) // 10, 0)
    counted = composition.truth != 255
    return float((parts == composition.truth)[counted].mean())


@pytest.mark.parametrize("name", [*FACES, *HORSES])
def test_truth_moves_with_the_pixels(name, photos):
    arrangement = (FACES | HORSES)[name]
    made = list(arrangement(photos, backdrops()))
    assert len(made) == N
    for composition in made:
        assert composition.truth.shape == composition.pixels.shape[:2]
        assert truth_in_pixels(composition) > 0.85
        assert len(np.unique(composition.truth)) > 4


@pytest.mark.parametrize("name", [*FACES, *HORSES])
def test_the_same_photos_give_the_same_compositions(name, photos):
    arrangement = (FACES | HORSES)[name]
    for one, other in zip(arrangement(photos, backdrops()), arrangement(photos, backdrops()), strict=True):
        assert (one.pixels == other.pixels).all()
        assert (one.truth == other.truth).all()
        assert one.frames == other.frames


@pytest.mark.parametrize(("name", "n"), [("four", 4), ("nine", 9), ("touching", 2), ("horses-two", 2)])
def test_no_composition_shows_a_photo_twice_and_all_are_shown_as_often(name, n, photos):
    made = [composition.name.split(", ") for composition in (FACES | HORSES)[name](photos, backdrops())]
    assert all(len(set(names)) == n for names in made)
    for place in range(n):
        assert Counter(names[place] for names in made) == Counter(f"p{i}" for i in range(N))


def test_too_few_photos_for_a_canvas(photos):
    with pytest.raises(ValueError, match="8 photos; expected 9 or more"):
        next(FACES["nine"](photos[:8], []))


def test_quarter_turns_are_exact():
    photo = object_photo()
    for times in (1, 2, 3):
        made = turned(photo, 90 * times)
        assert (made.pixels == np.rot90(photo.pixels, times)).all()
        assert (made.truth == np.rot90(photo.truth, times)).all()
    assert [turned(photo, angle).frames[0].angle_deg for angle in (90, 180, 270)] == [90, -180, -90]


def test_what_a_turn_brings_in_is_not_counted():
    photo = object_photo()
    made = turned(photo, 30)
    # Of a square that is turned by 30 degrees, 4 / (3 + sqrt(3)) of its area lies within the square: 84.5 %.
    assert (made.truth != 255).mean() == pytest.approx(4 / (3 + np.sqrt(3)), abs=0.01)
    assert (made.pixels[..., 0] >= 95).all()  # of the photo, reflected


@pytest.mark.parametrize("name", [*FACES, "horses-third"])
def test_frames_show_the_photo_upright(name, photos):
    """What a frame shows is the photo itself, where it lies on the canvas."""
    made = next((FACES | HORSES)[name](photos, backdrops()))
    for photo, frame in zip(made.name.split(", "), made.frames, strict=True):
        shown = seen_in(made.pixels, frame, 64)
        not_counted = np.where(made.truth == 255, np.uint8(255), np.uint8(0))
        where = seen_in(not_counted[..., None].repeat(3, axis=2), frame, 64)[..., 0] == 0
        own = photos[int(photo[1:])].pixels
        near = np.abs(shown.astype(int) - own).max(axis=2) < 12
        assert near[where].mean() > (0.55 if name == "cut" else 0.85)


@pytest.mark.parametrize(("name", "side"), [("shrunk-0.5", 256), ("shrunk-0.33", 169), ("shrunk-0.2", 102)])
def test_small_ones_lie_somewhere_on_their_backdrop(name, side, photos):
    made = list(FACES[name](photos, backdrops()))
    for composition in made:
        is_object = composition.pixels[..., 0] >= 100
        assert is_object.sum() == side**2
        assert (composition.pixels[~is_object] == BACKDROP).all()
        assert not composition.truth[~is_object].any()
        [frame] = composition.frames
        assert frame.side_px == side
        assert all(0 <= value <= SIDE_PX for corner in frame.corners() for value in corner)
    assert len({composition.frames for composition in made}) == N


def test_a_third_of_what_is_cut_lies_outside_of_one_border(photos):
    borders = Counter()
    for composition in FACES["cut"](photos, backdrops()):
        [frame] = composition.frames
        assert frame.side_px == 384
        assert (composition.pixels[..., 0] >= 100).sum() == 384 * 256
        (left, top), (right, bottom) = frame.corners()[0], frame.corners()[2]
        borders["left", left == -128] += 1
        borders["upper", top == -128] += 1
        borders["right", right == SIDE_PX + 128] += 1
        borders["lower", bottom == SIDE_PX + 128] += 1
    assert [borders[border, True] for border in ("left", "upper", "right", "lower")] == [3, 3, 2, 2]


def test_two_that_touch_differ_in_size_and_share_a_side(photos):
    for composition in FACES["touching"](photos, backdrops()):
        large, small = composition.frames
        assert (large.side_px, small.side_px) == (307, 205)
        assert abs(large.x_px - small.x_px) == (307 + 205) / 2
        assert abs(large.y_px - small.y_px) <= (307 - 205) / 2
        assert composition.n_objects == 2


def test_tiles_fill_the_square():
    made = tiled([object_photo(number) for number in range(9)], 3, 100)
    assert made.pixels.shape == (100, 100, 3)
    assert (made.pixels[..., 0] >= 100).all()
    assert [made.pixels[y, x, 0] for y in (10, 50, 90) for x in (10, 50, 90)] == list(range(100, 109))
    assert made.frames[4] == Frame(50, 50, 34)
    with pytest.raises(ValueError, match="3 photos; expected 4"):
        tiled([object_photo()] * 3, 2, 100)


def test_photos_that_are_not_square():
    wide, high = object_photo(1, 40, 60), object_photo(2, 60, 30)
    assert as_it_is(wide).frames == (Frame(30, 20, 60),)
    row = in_a_row([wide, high], 80)
    assert row.pixels.shape == (80, 120 + 40, 3)
    assert row.frames == (Frame(60, 40, 120), Frame(140, 40, 80))
    [small] = HORSES["horses-third"]([wide], backdrops(1))
    assert (small.pixels[..., 0] >= 100).sum() == 171 * 114
    with pytest.raises(ValueError, match=r"p1 is \(40, 60\), and no square"):
        turned(wide, 15)


def test_what_is_put_later_lies_above():
    canvas = Canvas(np.zeros((20, 20, 3), np.uint8))
    canvas.put(object_photo(1), Place(-5, -5, 20, 20))
    canvas.put(object_photo(2), Place(10, 10, 20, 20))
    made = canvas.composition()
    assert [made.pixels[y, x, 0] for y, x in ((0, 0), (12, 12), (19, 19), (19, 0))] == [101, 102, 102, 0]
    assert made.name == "p1, p2"
    assert made.frames == (Frame(5, 5, 20), Frame(20, 20, 20))
