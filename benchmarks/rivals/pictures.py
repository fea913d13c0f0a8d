"""The pictures of the labels, and plain ones, made once; the rivals' processes then need no generator."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.rivals.material import CHOICES, Choice, labels, photos
from benchmarks.rivals.protocol import GROWN, N_PLAIN, N_TUNING, ONE, PICTURE_PX, TEN, Photos, Pixels, Task
from partly.data.labels import Annotation
from partly.fewshot.features import latent_of
from partly.models.generators import Generator, Truncation, pixels_of, sample_w
from partly.models.zoo import load_generator
from partly.storage import atomic_path

# A seed of its own: nothing else is made of these pictures.
_PLAIN_SEED = 4713
_PLAIN_TRUNCATION = Truncation(0.7, 1.0)
_CHOICE_OF: dict[str, Choice] = {TEN: "together", GROWN: "grown"}


def prepare(out: Path) -> None:
    """Make what is missing of the files in ``out/rivals/pictures``."""
    missing = [choice for choice in CHOICES if not _file(out, choice).is_file()]
    has_plain = _file(out, "plain").is_file()
    if not missing and has_plain:
        return
    generator = load_generator("ffhq")
    for choice in missing:
        _write_labelled(generator, labels(generator, out, choice), _file(out, choice))
    if not has_plain:
        latents = (sample_w(generator, _PLAIN_SEED, i, _PLAIN_TRUNCATION) for i in range(N_PLAIN))
        _write(_file(out, "plain"), pictures=_synthesised(generator, latents))


def task_of(label_set: str, data: Path, out: Path) -> Task:
    """What a rival may look at; :func:`prepare` has run."""
    choice = _CHOICE_OF.get(label_set, "alone")
    with np.load(_file(out, choice)) as arrays:
        pictures, label_maps = arrays["pictures"], arrays["label_maps"]
    if label_set in ONE:
        index = int(label_set.removeprefix("one-"))
        pictures, label_maps = pictures[index : index + 1], label_maps[index : index + 1]
    packages = out / "rivals" / "packages"
    return Task(pictures, label_maps, partial(_plain, out), partial(_tuning, data), packages)


def _plain(out: Path) -> Pixels:
    with np.load(_file(out, "plain")) as arrays:
        pictures: Pixels = arrays["pictures"]
    return pictures


def _tuning(data: Path) -> Photos:
    return islice(photos(data, "choices"), N_TUNING)


def _file(out: Path, name: str) -> Path:
    return out / "rivals" / "pictures" / f"{name}.npz"


def _write_labelled(generator: Generator, annotations: list[Annotation], path: Path) -> None:
    pictures = _synthesised(generator, (latent_of(a, generator) for a in annotations))
    _write(path, pictures=pictures, label_maps=np.stack([a.label_map for a in annotations]))


def _write(path: Path, **arrays: np.ndarray) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


@torch.inference_mode()
def _synthesised(generator: Generator, latents: Iterable[Tensor]) -> Pixels:
    """Pictures uint8 ``[n, 256, 256, 3]`` of latents ``[1, l, v]``."""
    return np.stack([pixels_of(generator.synthesise(w, features_px=4), PICTURE_PX) for w in latents])
