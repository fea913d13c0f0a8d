"""How quickly predictions follow the brush; nothing else should run beside it.

``python -m benchmarks.live`` paints random strokes of the label of a shipped picture, first from nothing and
then as corrections of a whole label map, and measures what stands between the end of a stroke and its
prediction: of the face generator by ridge regression, or of drawn portraits (``--generator portraits``) by
random cosines, as the studio does. The bars are those of the studio: 300 ms from stroke to picture, of which
this may take 250, and 2 s for the wall.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partly.api import load_annotations
from partly.data.labels import FACE_PARTS, Annotation, LabelMap
from partly.fewshot.acquisition import representative
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import FewShotConfig
from partly.models.generators import Generator
from partly.models.zoo import load_generator
from partly.project import FEW_CHANNELS
from partly.storage import write_json
from partly.studio.live import LiveSegmenter, superpixels

# The shipped annotations and the choices of each generator.
_SUBJECTS = {"ffhq": ("faces", FewShotConfig()), "portraits": ("portraits", FEW_CHANNELS)}
Time = tuple[float, float]
# Of a brush's way, as shares of the picture's side.
_RADIUS, _LENGTH = 14 / 1024, 160 / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--generator", choices=sorted(_SUBJECTS), default="ffhq")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--n", type=int, default=50, help="strokes of each kind")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    annotations, choices = _SUBJECTS[arguments.generator]
    generator = load_generator(arguments.generator)
    [annotation] = load_annotations(annotations)[:1]
    found = {
        "generator": arguments.generator,
        "threads": arguments.threads,
        "load": round(os.getloadavg()[0], 1),
    }
    found |= figures(generator, annotation, choices, arguments.n)
    for name, value in found.items():
        print(f"{name}: {value}")
    write_json(arguments.out / f"live-{arguments.generator}.json", found)


def figures(
    generator: Generator, annotation: Annotation, config: FewShotConfig, n_strokes: int
) -> dict[str, Any]:
    """Times in milliseconds: by the clock, and of the processor in all threads, which depends less on
    what else runs."""
    source = GeneratorFeatures(generator)
    repeat = generator.image_size_px // annotation.label_map.shape[0]
    truth = np.kron(annotation.label_map, np.ones((repeat, repeat), np.uint8))
    nothing = np.full_like(truth, 255)
    live = LiveSegmenter(source, FACE_PARTS, config)
    found: dict[str, Any] = {
        "warm-up": _summary([_time(live.warm_up)]),
        "show": _summary([_time(lambda: live.show(annotation))]),
    }
    kinds = {"scribbles": scribbles(nothing, truth, n_strokes), "corrections": corrections(truth, n_strokes)}
    for kind, label_maps in kinds.items():
        times = [_stroke(live, annotation, label_map) for label_map in label_maps]
        found[f"stroke to prediction, {kind}"] = _summary([t for t in times if t is not None])
    found["wall of 24"] = _summary([_time(live.predict_wall) for _ in range(5)])
    found["superpixels"] = _summary([_time(lambda: superpixels(source, annotation)) for _ in range(5)])
    found["representative of 24"] = _summary([_time(lambda: representative(source, 4, 24))])
    return found


def _stroke(live: LiveSegmenter, annotation: Annotation, label_map: LabelMap) -> Time | None:
    """Time from the new label map to the prediction; None while only one part has a label."""
    has_two = True

    def follow() -> None:
        nonlocal has_two
        live.learn(annotation, label_map)
        has_two = live.solve()
        if has_two:
            live.predict(annotation.id)

    time_ms = _time(follow)
    return time_ms if has_two else None


def scribbles(start: LabelMap, truth: LabelMap, n: int) -> Iterator[LabelMap]:
    """Label maps with one more stroke each, which stays within the part where it begins."""
    draws, label_map = np.random.default_rng(0), start
    while n > 0:
        x, y = draws.integers(len(truth) // 10, len(truth) * 9 // 10, 2)
        inside = _along(x, y, float(draws.uniform(0, 2 * np.pi)), len(truth)) & (truth == truth[y, x])
        if truth[y, x] != 255:
            label_map = np.where(inside, truth[y, x], label_map)
            n -= 1
            yield label_map


def corrections(truth: LabelMap, n: int) -> Iterator[LabelMap]:
    """Whole label maps with one more stroke each, of any part anywhere."""
    draws, label_map = np.random.default_rng(1), truth
    for _ in range(n):
        x, y = draws.integers(len(truth) // 10, len(truth) * 9 // 10, 2)
        part = np.uint8(draws.integers(0, FACE_PARTS.n_parts))
        label_map = np.where(_along(x, y, float(draws.uniform(0, 2 * np.pi)), len(truth)), part, label_map)
        yield label_map


def _along(x: int, y: int, angle: float, size_px: int) -> np.ndarray:
    """A brush's way from a place, ``[size_px, size_px]``."""
    radius, length = max(1.0, _RADIUS * size_px), _LENGTH * size_px
    rows, columns = np.ogrid[:size_px, :size_px]
    inside = np.zeros((size_px, size_px), bool)
    for step in np.arange(0, length, radius / 2):
        to_x, to_y = columns - x - step * np.cos(angle), rows - y - step * np.sin(angle)
        inside |= to_x**2 + to_y**2 < radius**2
    return inside


def _time(action: Callable[[], object]) -> Time:
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)


def _summary(times_ms: list[Time]) -> dict[str, int]:
    clock, processor = zip(*times_ms, strict=True)
    return {
        "median_ms": round(statistics.median(clock)),
        "worst_ms": round(max(clock)),
        "processor_ms": round(statistics.median(processor)),
        "n": len(times_ms),
    }


if __name__ == "__main__":
    main()
