"""The live segmenter, the wall and superpixels on a device that is not the processor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from partly.data.labels.part_sets import PartSet
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.machine import Machine
from partly.studio.live.live_segmenter import LiveSegmenter
from partly.studio.live.slic_superpixels import superpixels
from tests.device_with_values import device_with_values
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator


def painted_session(machine: Machine, method: str) -> list[object]:
    """Everything that a session asks of a live segmenter, and what it says."""
    config = FewShotConfig(methods=(method,))
    live = LiveSegmenter(GeneratorFeatures(tiny_generator(), machine), TWO_PARTS, config, n_wall=3)
    live.warm_up()
    said: list[object] = []
    annotations = [thing_annotation(tiny_generator(), i) for i in range(3)]
    for annotation in annotations:
        live.show(annotation)
        live.learn(annotation, annotation.label_map)
        assert live.solve()
        prediction = live.predict(annotation.id, (40, 50))
        said += [prediction.labels, prediction.doubt]
    scribble = np.full((64, 64), 255, np.uint8)
    scribble[:20, :20], scribble[40:] = 0, 1
    for _ in range(2):
        scribble[30] = 1
        live.learn(annotations[2], scribble)
        live.solve()
    wall = live.predict_wall()
    said += [wall.labels, wall.doubt]
    said += [live.uncertainty(annotations[0]), live.uncertainty(annotations[0], "thing")]
    quality = live.quality()
    assert quality is not None
    said += [[part.iou for part in quality.parts]]
    table = np.arange(256).astype(np.uint8)
    live.set_parts(PartSet.from_names(("background", "thing", "more")), table)
    live.standardise()
    live.solve()
    said.append(live.predict(annotations[1].id).labels)
    return said


@pytest.mark.parametrize("method", ["ridge", "kernel"])
def test_it_follows_the_brush_alike(method: str) -> None:
    here = painted_session(Machine(), method)
    with device_with_values() as device:
        there = painted_session(Machine(device), method)
    for one, other in zip(here, there, strict=True):
        if isinstance(one, np.ndarray):
            assert isinstance(other, np.ndarray)
            assert (np.abs(one.astype(int) - other) <= 1).mean() > 0.999
        else:
            assert other == pytest.approx(one, rel=1e-3)


def test_superpixels_are_the_same() -> None:
    annotation = thing_annotation(tiny_generator(), 0)
    here = superpixels(GeneratorFeatures(tiny_generator()), annotation, 30)
    with device_with_values() as device:
        there = superpixels(GeneratorFeatures(tiny_generator(), Machine(device)), annotation, 30)
    assert np.array_equal(there, here)


def test_halves_make_a_usable_segmenter() -> None:
    here = painted_session(Machine(), "ridge")
    halves = painted_session(Machine(dtype=torch.bfloat16), "ridge")
    assert isinstance(here[0], np.ndarray)
    assert (here[0] == halves[0]).mean() > 0.97
