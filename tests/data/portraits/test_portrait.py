import dataclasses
import re

import numpy as np
import pytest

from partly.data.labels.label_maps import check_label_map
from partly.data.labels.part_sets import FACE_PARTS
from partly.data.photos.encoding import resize_pixels
from partly.data.portraits.canvas import Canvas
from partly.data.portraits.portrait import draw_portrait
from partly.data.portraits.sitter import draw_person
from partly.errors import BadOption


@pytest.fixture(scope="module")
def portraits():
    return [draw_portrait(seed) for seed in range(48)]


def counts(portrait):
    return np.bincount(portrait.label_map.ravel(), minlength=FACE_PARTS.n_parts)


def test_shape_and_parts(portraits):
    for portrait in portraits[:5]:
        assert portrait.pixels.shape == (64, 64, 3)
        assert portrait.pixels.dtype == portrait.label_map.dtype == np.uint8
        check_label_map(portrait.label_map, FACE_PARTS, size=(64, 64))
    assert portraits[7].name == "portrait-7"
    assert portraits[7].read() is portraits[7].pixels


def test_same_seed_same_bytes(portraits):
    again = draw_portrait(11)
    assert np.array_equal(again.pixels, portraits[11].pixels)
    assert np.array_equal(again.label_map, portraits[11].label_map)
    assert not np.array_equal(portraits[12].pixels, portraits[11].pixels)


def test_every_part_is_there_and_ears_mostly(portraits):
    least = np.min([counts(portrait) for portrait in portraits], axis=0)
    for name, n in zip(FACE_PARTS.names, least, strict=True):
        assert name == "ear" or n >= 12, name
    with_ears = np.mean([counts(portrait)[FACE_PARTS.index("ear")] > 0 for portrait in portraits])
    assert 0.35 < with_ears < 0.8


def test_eyes_and_brows_can_be_seen(portraits):
    """At 64 px an eye is at least 7 pixels wide, and a brow 2 high."""
    for portrait in portraits:
        for half in (portrait.label_map[:, :32], portrait.label_map[:, 32:]):
            eye = half == FACE_PARTS.index("eye")
            assert eye.sum(axis=1).max() >= 7, portrait.name
        brow = portrait.label_map == FACE_PARTS.index("brow")
        assert brow.sum(axis=0).max() >= 2, portrait.name


@pytest.mark.parametrize("size_px", [32, 160])
def test_the_same_person_at_another_size(portraits, size_px):
    for seed in (0, 1, 8):
        other, usual = draw_portrait(seed, size_px), portraits[seed]
        small = resize_pixels(other.pixels, 32, 32).astype(float)
        assert np.abs(small - resize_pixels(usual.pixels, 32, 32)).mean() < 8
        rows = np.arange(64) * size_px // 64
        alike = other.label_map[np.ix_(rows, rows)] == usual.label_map
        assert alike.mean() > (0.85 if size_px < 64 else 0.95)


def test_people_differ_in_everything():
    people = [draw_person(seed) for seed in range(48)]
    for field in dataclasses.fields(people[0]):
        assert len({repr(getattr(person, field.name)) for person in people}) == 48, field.name
    assert {person.background.kind for person in people} == {
        "gradient", "halo", "wall", "blobs", "stripes", "clouds"
    }  # fmt: skip
    assert {person.clothes.neckline for person in people} == {"round", "v", "boat", "shirt", "jacket"}


def test_colours_alone_do_not_tell_the_parts_apart(portraits):
    """The best part for every colour (of 512), learned on all these portraits, is wrong on most parts."""
    colours = np.concatenate([p.pixels.reshape(-1, 3) // 32 for p in portraits]) @ [64, 8, 1]
    parts = np.concatenate([p.label_map.ravel() for p in portraits])
    table = np.zeros((512, FACE_PARTS.n_parts), int)
    np.add.at(table, (colours, parts), 1)
    guess = table.argmax(1)[colours]
    both = np.array([((guess == i) & (parts == i)).sum() for i in range(FACE_PARTS.n_parts)])
    either = np.array([((guess == i) | (parts == i)).sum() for i in range(FACE_PARTS.n_parts)])
    assert (both / either).mean() < 0.25


def test_layers_are_float32(monkeypatch):
    """A number of NumPy's own would widen them, and halve the speed."""
    paint, shade = Canvas.paint, Canvas.shade

    def checked_paint(self, at, cover, colour, part=None):
        assert cover.dtype == np.float32
        assert isinstance(colour, tuple) or colour.dtype == np.float32
        paint(self, at, cover, colour, part)

    def checked_shade(self, at, factor):
        assert factor.dtype == np.float32
        shade(self, at, factor)

    monkeypatch.setattr(Canvas, "paint", checked_paint)
    monkeypatch.setattr(Canvas, "shade", checked_shade)
    for seed in range(20):
        draw_portrait(seed)


def test_refusals():
    with pytest.raises(BadOption, match=re.escape("a portrait of seed -1; expected 0 or more.")):
        draw_portrait(-1)
    with pytest.raises(BadOption, match=re.escape("a portrait of 31 px; expected 32 or more.")):
        draw_portrait(0, 31)
