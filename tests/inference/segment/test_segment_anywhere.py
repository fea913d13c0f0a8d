"""Photos segmented wherever their objects are: a finder that knows where, a network that knows colours."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from partly.data.labels.part_sets import Part, PartSet
from partly.inference.find import Frame
from partly.inference.segment import segment_photo
from partly.models.networks import FinderShape, ObjectCheck

COLOURS = torch.tensor([[-0.5, 0.3, -0.5], [0.9, -0.9, -0.9], [-0.9, -0.9, 0.9]])


class ByColour(torch.nn.Module):
    """The part of the nearest colour, surely; background beyond a circle."""

    def __init__(self, part_set):
        super().__init__()
        self.part_set, self.size_px = part_set, 64
        self.shown = []

    def forward(self, images):
        self.shown.append(images.clone())
        away = (images[:, None] - COLOURS[None, :, :, None, None]).square().sum(2)
        return -4 * away


class Finder:
    """Finds what it is told, in whole photos; a second look agrees."""

    def __init__(self, *frames, size_px=64):
        self.shape, self.check = FinderShape(size_px, 0.01), ObjectCheck()
        self.frames = frames
        self.digest = "f" * 64


@pytest.fixture
def finds(monkeypatch):
    from partly.inference.find import Found

    def found(finder, pixels, options=None):
        return tuple(Found(frame, 0.9 - 0.01 * i) for i, frame in enumerate(finder.frames))

    monkeypatch.setattr("partly.inference.segment.segment_photo_file.find_objects", found)


def an_object(size_px):
    """A red square with a blue upper third on green, ``size_px`` with its background."""
    pixels = np.full((size_px, size_px, 3), (64, 166, 64), np.uint8)
    a, b, c = round(size_px / 5), round(size_px * 0.8), round(size_px * 0.4)
    pixels[a:b, a:b], pixels[a:c, a:b] = (242, 13, 13), (13, 13, 242)
    return pixels


def truth_of(pixels):
    truth = np.zeros(pixels.shape[:2], np.uint8)
    truth[pixels[..., 0] > 200], truth[pixels[..., 2] > 200] = 1, 2
    return truth


def put(canvas, size_px, x, y, angle=0):
    picture = Image.fromarray(an_object(size_px)).rotate(angle, expand=False, fillcolor=(64, 166, 64))
    left, top = x - size_px // 2, y - size_px // 2
    canvas[top : top + size_px, left : left + size_px] = np.asarray(picture)
    return Frame(x, y, size_px, angle)


@pytest.fixture
def canvas():
    return np.full((240, 320, 3), (64, 166, 64), np.uint8)


@pytest.fixture
def network(three_parts):
    return ByColour(three_parts)


@pytest.fixture
def three_parts():
    return PartSet((Part("background", (0, 0, 0)), Part("body", (255, 0, 0)), Part("top", (0, 0, 255))))


def agreement(segmentation, pixels):
    return (segmentation.label_map == truth_of(pixels)).mean()


@pytest.mark.parametrize("angle", [0, 90, 180, -90, 30])
def test_a_turned_object_is_segmented_upright_and_put_back(finds, canvas, network, angle):
    frame = put(canvas, 80, 120, 100, angle)
    seen = segment_photo(network, canvas, finder=Finder(frame))
    assert agreement(seen, canvas) > 0.98
    [one] = seen.objects
    assert one.number == 1
    assert one.frame == frame
    ys, xs = truth_of(canvas).nonzero()
    assert one.box == pytest.approx((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), abs=2)
    upright = network.shown[-1][0]
    assert upright[2, 22, 32] > 0.5  # blue is above the middle, whatever the angle
    assert upright[0, 40, 32] > 0.5


def test_several_objects_have_numbers_parts_and_a_map(finds, canvas, network):
    frames = [put(canvas, 60, 50, 60), put(canvas, 100, 200, 120), put(canvas, 40, 290, 30)]
    seen = segment_photo(network, canvas, finder=Finder(*frames))
    assert [one.number for one in seen.objects] == [1, 2, 3]
    assert agreement(seen, canvas) > 0.98
    assert set(np.unique(seen.object_map)) == {0, 1, 2, 3}
    for one in seen.objects:
        mask = seen.object_map == one.number
        assert [area.n_pixels for area in one.areas] == [
            int((mask & (seen.label_map == part)).sum()) if part else 0 for part in range(3)
        ]
        assert one.areas[0].confidence is None
    assert ((seen.object_map > 0) == (seen.label_map > 0)).all()


def test_each_pixel_of_touching_objects_belongs_to_the_nearer(finds, canvas, network):
    pair = canvas.copy()
    frames = [put(pair, 80, 100, 100), put(pair, 80, 149, 100)]  # bodies of 48 px, one pixel apart
    seen = segment_photo(network, pair, finder=Finder(*frames))
    assert len(seen.objects) == 2
    assert agreement(seen, pair) > 0.97
    left, right = (one.box for one in seen.objects)
    assert left[2] <= 126
    assert right[0] >= 123


def test_where_no_object_is_found_no_part_is_invented(finds, canvas, network):
    put(canvas, 80, 120, 100)
    finder = Finder()
    finder.check.learn(torch.tensor([[0.98, 1.0, 0.36]] * 8))
    seen = segment_photo(network, canvas, finder=finder)
    assert seen.objects == ()
    assert not seen.label_map.any()
    assert not seen.object_map.any()
    assert seen.confidence.min() > 0.9


def test_what_the_network_makes_of_it_must_be_as_usual(finds, canvas, network):
    frame = put(canvas, 80, 120, 100)
    finder = Finder(frame)
    usual = torch.tensor([[0.98, 1.0, 0.27]] * 8) + 0.01 * torch.randn(
        8, 3, generator=torch.Generator().manual_seed(0)
    )
    finder.check.learn(usual)
    assert len(segment_photo(network, canvas, finder=finder).objects) == 1
    nothing = replace(frame, x_px=260, y_px=200)
    assert segment_photo(network, canvas, finder=_with(finder, nothing)).objects == ()


def test_one_object_that_fills_the_photo_is_segmented_as_without_a_finder(finds, network):
    pixels = an_object(120)
    plain = segment_photo(network, pixels)
    seen = segment_photo(network, pixels, finder=Finder(Frame(62, 58, 130, 4)))
    assert (seen.label_map == plain.label_map).mean() > 0.995
    assert len(seen.objects) == 1


def test_an_object_that_fills_the_photo_is_found_without_the_finder(finds, canvas, network):
    finder = Finder()
    random = torch.Generator().manual_seed(0)
    finder.check.learn(torch.tensor([[0.98, 1.0, 0.36]] * 8) + 0.01 * torch.randn(8, 3, generator=random))
    pixels = an_object(120)
    seen = segment_photo(network, pixels, finder=finder)
    assert (seen.label_map == segment_photo(network, pixels).label_map).mean() > 0.995
    [one] = seen.objects
    assert one.frame == Frame(60, 60, 120)
    put(canvas, 80, 120, 100)  # as a whole this photo is not as usual
    assert segment_photo(network, canvas, finder=finder).objects == ()


def test_an_object_cut_by_the_border(finds, canvas, network):
    frame = Frame(0, 100, 80)
    canvas[60:140, 0:40] = an_object(80)[:, 40:]
    seen = segment_photo(network, canvas, finder=Finder(frame))
    assert agreement(seen, canvas) > 0.98
    assert seen.objects[0].box[0] == 0


def test_probabilities_sum_to_one_and_are_those_of_the_label_map(finds, canvas, network):
    frames = [put(canvas, 60, 50, 60), put(canvas, 100, 200, 120, 45)]
    seen = segment_photo(network, canvas, finder=Finder(*frames))
    shares = np.stack([seen.probability(part) for part in seen.part_set.names])
    assert shares.sum(0) == pytest.approx(1, abs=1e-4)
    assert (shares.argmax(0) == seen.label_map).all()
    assert shares.max(0) == pytest.approx(seen.confidence, abs=1e-4)
    assert ((seen.opacity(["body", "top"]) >= 128) == (seen.label_map > 0)).mean() > 0.999


def test_large_photos_are_made_in_strips(finds, network, three_parts):
    canvas = np.full((2000, 1500, 3), (64, 166, 64), np.uint8)
    frames = [put(canvas, 100, 200 + 250 * i, 150 + 330 * j) for i in range(5) for j in range(6)]
    seen = segment_photo(network, canvas, finder=Finder(*frames))
    assert len(seen.objects) == 30
    assert agreement(seen, canvas) > 0.99


def _with(finder, frame):
    other = Finder(frame)
    other.check = finder.check
    return other
