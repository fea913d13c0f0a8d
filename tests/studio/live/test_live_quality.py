"""How good the live segmenter is for each part, against leaving pictures out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.segmenters.picture_uncertainty import uncertainty_of_part
from partly.studio.live.live_segmenter import LiveSegmenter
from tests.fakes import thing_annotation, tiny_generator

PARTS = PartSet.from_names(("background", "thing", "corner"))
N_WALL = 5


@pytest.fixture(scope="module")
def painted() -> list[Annotation]:
    """Two whole label maps, and strokes; one of them shows the third part."""
    found = [thing_annotation(tiny_generator(), i) for i in range(3)]
    found[0].label_map[:20, :20] = 2
    sparse = np.full_like(found[2].label_map, 255)
    sparse[::4, ::4] = found[2].label_map[::4, ::4]
    return [*found[:2], replace(found[2], label_map=sparse)]


def followed(painted: list[Annotation]) -> LiveSegmenter:
    """A live segmenter that has seen all that was painted."""
    config = FewShotConfig(fixed_layout=False)
    live = LiveSegmenter(GeneratorFeatures(tiny_generator()), PARTS, config, n_wall=N_WALL)
    live.warm_up()
    for one in painted:
        live.show(one)
        live.learn(one, one.label_map)
    live.solve()
    return live


def by_hand(painted: list[Annotation]) -> list[float]:
    """IoU of background and thing on pictures that a segmenter has not seen, pixel by pixel."""
    hits, unions = np.zeros(2), np.zeros(2)
    for left_out in painted:
        live = followed([one for one in painted if one is not left_out])
        live.show(left_out)
        predicted = live.predict(left_out.id).labels
        shown = np.isin(left_out.label_map, (0, 1))
        if not any((one.label_map == 2).any() for one in painted if one is not left_out):
            assert not (predicted == 2).any()
        for part in (0, 1):
            given, there = (predicted == part) & shown, left_out.label_map == part
            hits[part] += (given & there).sum()
            unions[part] += (given | there).sum()
    return (hits / unions).tolist()


def test_pictures_are_left_out_as_by_hand(painted: list[Annotation]) -> None:
    live = followed(painted)
    before = live.predict(painted[0].id).labels
    quality = live.quality()
    assert quality is not None
    figures = [part.iou for part in quality.parts[:2]]
    # Features are kept in half precision.
    assert figures == pytest.approx(by_hand(painted), abs=5e-3)
    corner = quality.parts[2]
    assert corner.says == f"agreement of two halves of the features on {N_WALL} other pictures"
    assert np.array_equal(live.predict(painted[0].id).labels, before), "it goes on as it was"
    # What is learned meanwhile counts the next time.
    live.learn(painted[0], np.full_like(painted[0].label_map, 255))
    live.solve()
    again = live.quality()
    assert again is not None
    assert [part.measure for part in again.parts] == ["left out", "left out", "nothing"]
    assert again.n_labelled == 2


def test_another_picture_under_the_same_id_is_read_anew(painted: list[Annotation]) -> None:
    live = followed(painted[:2])
    live.quality()
    swapped = replace(painted[2], id=painted[1].id)
    live.show(swapped)
    live.learn(swapped, swapped.label_map)
    live.solve()
    assert live.quality() == followed([painted[0], swapped]).quality()


def test_a_picture_of_the_wall_that_is_painted_is_no_other_one(painted: list[Annotation]) -> None:
    live = followed([])
    of_wall = live.wall[2]
    live.show(of_wall)
    live.learn(of_wall, painted[0].label_map)
    live.solve()
    quality = live.quality()
    assert quality is not None
    assert {part.n_pictures for part in quality.parts if part.measure == "two halves"} == {N_WALL - 1}


def test_it_can_be_stopped(painted: list[Annotation]) -> None:
    live = followed(painted)
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(len(asked))
        return len(asked) == 5

    assert live.quality(should_stop) is None
    assert asked == list(range(5)), "three pictures were left out, one of the wall was compared"
    assert live.quality(lambda: True) is None
    with pytest.raises(BadLabel, match="fewer than two parts have a label"):
        followed([]).quality()


def test_doubt_about_one_part(painted: list[Annotation]) -> None:
    live = followed(painted[1:])
    picture = live.wall[0]
    pyramid = GeneratorFeatures(tiny_generator()).pyramid(picture, 64)
    chosen = pyramid.select(range(len(pyramid.maps))[-len(live._channels) :])
    logits = live._fit.segmenter(chosen, 64)[:, :2]
    expected = float(uncertainty_of_part(logits, 1))
    assert live.uncertainty(picture, "thing") == pytest.approx(expected, abs=1e-5)
    assert live.uncertainty(picture) != live.uncertainty(picture, "thing")
    with pytest.raises(BadLabel, match="no label shows 'corner'; expected one of background, thing"):
        live.uncertainty(picture, "corner")
