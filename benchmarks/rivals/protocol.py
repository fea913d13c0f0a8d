"""What every rival is measured by: label sets, photos, figures, times and memory.

A rival sees what Partly sees: k generated pictures with their label maps. It is asked for a label map of
every photo at the photo's own size; figures are mean IoU over the ten face parts, pooled and per photo,
eyeglasses left out. Each measurement has a process of its own with one thread, so that times and memory
are the rival's.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import FACE_PARTS
from partly.evaluation.segmentation import EvaluationPair, evaluate

ONE = tuple(f"one-{index}" for index in range(5))
"""Each of five labels alone: five draws of the one-label task."""
TEN = "ten"
"""Ten labels proposed together."""
GROWN = "ten-grown"
"""Ten labels: five proposed together, and five of what ridge regression was least sure of."""
NONE = "none"
"""The label set of rivals that brought their own labels."""
PICTURE_PX = 256
N_PLAIN = 100
N_TUNING = 40
SEED = 1

Half = Literal["choices", "figure"]
Pixels = NDArray[np.uint8]
LabelMap = NDArray[np.uint8]
Predict = Callable[[Pixels], LabelMap]
Photos = Iterable[tuple[str, Pixels, LabelMap]]


@dataclass(frozen=True)
class Task:
    """All that a rival may look at.

    Attributes:
        pictures: the labelled pictures, uint8 ``[k, 256, 256, 3]``.
        label_maps: their labels, uint8 ``[k, 256, 256]``, 255 where unlabelled.
        plain: reads N_PLAIN generated pictures without labels, uint8 ``[n, 256, 256, 3]``.
        tuning: reads the first N_TUNING photos of the choices half with their truth, for rivals that choose a
            setting on them; Partly has no such help.
        packages: folder for what a rival installs.
    """

    pictures: Pixels
    label_maps: LabelMap
    plain: Callable[[], Pixels]
    tuning: Callable[[], Photos]
    packages: Path


@dataclass(frozen=True)
class Fitted:
    """A rival that has seen the labels.

    Attributes:
        predict: uint8 ``[h, w, 3]`` to a label map uint8 ``[h, w]``, a part at every pixel.
        chosen: settings that it chose, for the record.
    """

    predict: Predict
    chosen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rival:
    """A method.

    Attributes:
        fit: learns from the labels.
        most_photos: so slow a rival is measured on the first photos of the half only.
    """

    fit: Callable[[Task], Fitted]
    most_photos: int | None = None


def label_sets(asked: str) -> tuple[str, ...]:
    """Label sets of the words that can be asked for: one, ten, or the name of a single set."""
    return {"one": ONE, "ten": (TEN,)}.get(asked, (asked,))


def result_file(out: Path, name: str, label_set: str, half: Half) -> Path:
    """Where the measurement of a rival is kept."""
    return out / "rivals" / name / f"{label_set}-{half}.json"


def measure(rival: Rival, task: Task, photos: Photos) -> dict[str, Any]:
    """Fit, predict all photos, and count: figures, times and the peak memory of this process.

    ``wall_s`` is what a clock says, ``cpu_s`` what the processor worked: on a busy machine only that is the
    rival's own.
    """
    fitting, predicting = Stopwatch(), Stopwatch()
    with fitting:
        fitted = rival.fit(task)

    def pairs() -> Iterator[EvaluationPair]:
        for name, pixels, truth in islice(photos, rival.most_photos):
            with predicting:
                prediction = fitted.predict(pixels)
            yield EvaluationPair(name, None, prediction, truth)

    evaluation = evaluate(pairs(), FACE_PARTS, n_worst=0)
    n_photos = evaluation.n_photos
    return {
        "n_photos": n_photos,
        "pooled": evaluation.mean_iou.pooled,
        "per_photo": evaluation.mean_iou.per_photo,
        "parts": {part.name: part.iou for part in evaluation.parts},
        "fit": fitting.seconds(1),
        "photo": predicting.seconds(n_photos),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load_average": os.getloadavg()[0],
        "chosen": dict(fitted.chosen),
        "evaluation": evaluation.to_json(),
    }


class Stopwatch:
    """Adds up the time of ``with`` blocks, by the clock and of the processor."""

    def __init__(self) -> None:
        self._wall_s = self._cpu_s = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self._wall_s += time.perf_counter() - self._start[0]
        self._cpu_s += time.process_time() - self._start[1]

    def seconds(self, n: int) -> dict[str, float]:
        """The times of one of ``n``."""
        return {"wall_s": self._wall_s / n, "cpu_s": self._cpu_s / n}
