"""How quickly predictions follow the brush; nothing else should run beside it.

``python -m benchmarks.live`` paints random strokes of the label of a shipped picture, first from nothing and
then as corrections of a whole label map, and measures what stands between the end of a stroke and its
prediction: of the face generator by ridge regression, or of drawn portraits (``--generator portraits``) by
random cosines, as the studio does. With ``--photos FOLDER`` it is one of these photos that is painted, read
by the network of ``--features``; what is painted on it are stripes, as it makes no difference. The bars are
those of the studio: 300 ms from stroke to picture, of which this may take 250, and 2 s for the wall.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partly.api import load_annotations
from partly.data.labels import FACE_PARTS, LabelMap, PartSet, Pictured
from partly.data.photos import find_photos, thumbnail
from partly.fewshot.acquisition import representative
from partly.fewshot.features import FeatureSource, FeatureStore, GeneratorFeatures, PhotoFeatures
from partly.fewshot.fitting import ON_PHOTOS, FewShotConfig
from partly.models.zoo import load_encoder, load_generator
from partly.project import FEW_CHANNELS, MOST_PAINTED_PX
from partly.storage import write_json
from partly.studio.live import LiveSegmenter, superpixels

# The shipped annotations and the choices of each generator.
_SUBJECTS = {"ffhq": ("faces", FewShotConfig()), "portraits": ("portraits", FEW_CHANNELS)}
Time = tuple[float, float]
# Of a brush's way, as shares of the picture's side.
_RADIUS, _LENGTH = 14 / 1024, 160 / 1024
_STRIPES = PartSet.from_names(("background", "one", "two", "three", "four"))


@dataclass(frozen=True)
class Subject:
    """What is painted.

    Attributes:
        source: makes features.
        picture: one of its pictures.
        truth: what is painted on it, uint8 ``[h, w]``.
        part_set: what its ids mean.
        config: how it is learned from.
    """

    source: FeatureSource
    picture: Pictured
    truth: LabelMap
    part_set: PartSet
    config: FewShotConfig


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--generator", choices=sorted(_SUBJECTS), default="ffhq")
    options.add_argument("--photos", type=Path, help="paint one of these photos instead")
    options.add_argument("--features", default="dinov2-small", help="network that reads them")
    options.add_argument("--features-px", type=int, default=560)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--n", type=int, default=50, help="strokes of each kind")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    name = arguments.features if arguments.photos else arguments.generator
    found: dict[str, Any] = {
        "of": name,
        "threads": arguments.threads,
        "load": round(os.getloadavg()[0], 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        if arguments.photos:
            kept = FeatureStore(Path(folder))
            subject = photo_subject(arguments.photos, name, arguments.features_px, kept)
            found |= reading_times(subject)
        else:
            subject = generator_subject(name)
        found |= figures(subject, arguments.n)
    for what, value in found.items():
        print(f"{what}: {value}")
    write_json(arguments.out / f"live-{Path(name).name}.json", found)


def generator_subject(name: str) -> Subject:
    """A shipped picture of a generator, with its label."""
    annotations, choices = _SUBJECTS[name]
    generator = load_generator(name)
    [annotation] = load_annotations(annotations)[:1]
    repeat = generator.image_size_px // annotation.label_map.shape[0]
    truth = np.kron(annotation.label_map, np.ones((repeat, repeat), np.uint8))
    return Subject(GeneratorFeatures(generator), annotation, truth, FACE_PARTS, choices)


def photo_subject(folder: Path, encoder: str, size_px: int, kept: FeatureStore) -> Subject:
    """The first photo of a folder, with stripes on it, at the size at which the studio has it painted."""
    photos = find_photos(folder)
    source = PhotoFeatures(load_encoder(encoder, size_px), photos, store=kept)
    height, width = thumbnail(photos[0].read().pixels, MOST_PAINTED_PX).shape[:2]
    rows, columns = np.ogrid[:height, :width]
    stripes = ((rows / height + columns / width) * 4).astype(np.uint8) % _STRIPES.n_parts
    return Subject(source, source.picture(photos[0].name), stripes, _STRIPES, ON_PHOTOS)


def reading_times(subject: Subject) -> dict[str, Any]:
    """How long the network takes for a photo, and how long its features, once kept."""
    source, picture = subject.source, subject.picture
    finest_px = max(level.size_px for level in source.levels)
    return {
        f"features of a photo, {what}": _summary([_time(lambda: source.pyramid(picture, finest_px))])
        for what in ("made", "kept")
    }


def figures(subject: Subject, n_strokes: int) -> dict[str, Any]:
    """Times in milliseconds: by the clock, and of the processor in all threads, which depends less on
    what else runs."""
    source, picture, truth = subject.source, subject.picture, subject.truth
    found: dict[str, Any] = {}
    if isinstance(source, PhotoFeatures):
        # What is measured are features at hand: here all are made.
        found["wall of 24, features made"] = _summary([_time(_live(subject).warm_up)])
    live = _live(subject)
    found["warm-up"] = _summary([_time(live.warm_up)])
    found["show"] = _summary([_time(lambda: live.show(picture))])
    kinds = {
        "scribbles": scribbles(np.full_like(truth, 255), truth, n_strokes),
        "corrections": corrections(truth, n_strokes, subject.part_set.n_parts),
    }
    for kind, label_maps in kinds.items():
        times = [_stroke(live, picture, label_map) for label_map in label_maps]
        found[f"stroke to prediction, {kind}"] = _summary([t for t in times if t is not None])
    found["wall of 24"] = _summary([_time(live.predict_wall) for _ in range(5)])
    regions = [_time(lambda: superpixels(source, picture, shape=truth.shape)) for _ in range(5)]
    found["superpixels"] = _summary(regions)
    found["representative of 24"] = _summary([_time(lambda: representative(source, 4, 24))])
    return found


def _live(subject: Subject) -> LiveSegmenter:
    return LiveSegmenter(subject.source, subject.part_set, subject.config)


def _stroke(live: LiveSegmenter, picture: Pictured, label_map: LabelMap) -> Time | None:
    """Time from the new label map to the prediction; None while only one part has a label."""
    has_two = True

    def follow() -> None:
        nonlocal has_two
        live.learn(picture, label_map)
        has_two = live.solve()
        if has_two:
            live.predict(picture.id, label_map.shape)

    time_ms = _time(follow)
    return time_ms if has_two else None


def scribbles(start: LabelMap, truth: LabelMap, n: int) -> Iterator[LabelMap]:
    """Label maps with one more stroke each, which stays within the part where it begins."""
    draws, label_map = np.random.default_rng(0), start
    while n > 0:
        x, y = _place(draws, truth.shape)
        inside = _along(x, y, float(draws.uniform(0, 2 * np.pi)), truth.shape) & (truth == truth[y, x])
        if truth[y, x] != 255:
            label_map = np.where(inside, truth[y, x], label_map)
            n -= 1
            yield label_map


def corrections(truth: LabelMap, n: int, n_parts: int) -> Iterator[LabelMap]:
    """Whole label maps with one more stroke each, of any part anywhere."""
    draws, label_map = np.random.default_rng(1), truth
    for _ in range(n):
        x, y = _place(draws, truth.shape)
        part = np.uint8(draws.integers(0, n_parts))
        label_map = np.where(_along(x, y, float(draws.uniform(0, 2 * np.pi)), truth.shape), part, label_map)
        yield label_map


def _place(draws: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, int]:
    """Column and row of a pixel that is not near the border."""
    sides = np.array(shape[::-1])
    x, y = draws.integers(sides // 10, sides * 9 // 10)
    return int(x), int(y)


def _along(x: int, y: int, angle: float, shape: tuple[int, ...]) -> np.ndarray:
    """A brush's way from a place, boolean of this shape."""
    radius, length = max(1.0, _RADIUS * max(shape)), _LENGTH * max(shape)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool)
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
