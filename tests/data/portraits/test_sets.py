import re

import numpy as np
import pytest

from partly.data.labels.part_sets import FACE_PARTS
from partly.data.photos.photo import read_photo
from partly.data.portraits.portrait import draw_portrait
from partly.data.portraits.portrait_sets import (
    draw_portraits,
    portrait_pairs,
    portrait_seed,
    portrait_set,
    portrait_sources,
)
from partly.errors import BadOption
from partly.evaluation.segmentation.photo_scoring import evaluate


def test_sources_draw_when_they_are_read():
    sources = portrait_sources(3, 40, seed=2)
    assert len(sources) == 3
    assert [source.name for source in sources[:2]] == [
        f"portraits-1/{2 << 32}.png",
        f"portraits-1/{(2 << 32) + 1}.png",
    ]
    pixels = draw_portrait(portrait_seed(2, 1), 40).pixels
    photo = sources[1].read()
    assert photo.name == sources[1].name
    assert np.array_equal(photo.pixels, pixels)
    with sources[1].open() as file:
        assert np.array_equal(read_photo(file, "portrait").pixels, pixels)


def test_sets_of_different_seeds_share_nothing():
    seeds = [{portrait_seed(seed, index) for index in (0, 1, 2**32 - 1)} for seed in (0, 1, 2)]
    assert len(set.union(*seeds)) == 9


def test_a_set_is_drawn_once(tmp_path, monkeypatch):
    told = []
    photos = portrait_set(4, 32, 0, tmp_path, on_photo=lambda *n: told.append(n))
    assert told[-1] == (4, 4)
    assert photos.failed == ()
    fresh = [portrait.pixels for portrait in draw_portraits(4, 32, seed=0)]
    assert np.array_equal(photos.squares, fresh)
    monkeypatch.setattr(
        "partly.data.portraits.portrait_sets.draw_portrait", lambda *_: pytest.fail("drawn again")
    )
    again = portrait_set(4, 32, 0, tmp_path)
    assert again.digest == photos.digest
    monkeypatch.undo()
    assert portrait_set(4, 32, 1, tmp_path).digest != photos.digest


def test_evaluating_on_unseen_portraits():
    truths = {p.pixels.tobytes(): p.label_map for p in draw_portraits(3, 32)}
    perfect = evaluate(portrait_pairs(draw_portraits(3, 32), lambda x: truths[x.tobytes()]), FACE_PARTS)
    assert perfect.mean_iou.pooled == perfect.mean_iou.per_photo == 1
    assert [photo.name for photo in perfect.photos] == [f"portrait-{portrait_seed(1, i)}" for i in range(3)]
    empty = evaluate(
        portrait_pairs(draw_portraits(3, 32), lambda x: np.zeros(x.shape[:2], np.uint8)), FACE_PARTS
    )
    assert empty.mean_iou.pooled < 0.1
    reader = empty.worst[0].read_photo
    assert reader().shape == (32, 32, 3)


@pytest.mark.parametrize("make", [portrait_sources, draw_portraits])
def test_refusals(make):
    with pytest.raises(BadOption, match=re.escape("0 portraits; expected 1 to 4294967296.")):
        make(0)
    with pytest.raises(BadOption, match=re.escape("portraits of seed -3; expected 0 or more.")):
        make(2, 64, -3)
