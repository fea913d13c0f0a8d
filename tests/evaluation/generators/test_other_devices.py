"""Generators evaluated on another device, in halves, and where memory is short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import make_photo_set
from partly.data.photos.photo_sources import find_photos
from partly.evaluation.generators.feature_rows import picture_features
from partly.evaluation.generators.generator_assessment import evaluate_generator
from partly.evaluation.generators.picture_bytes import make_pictures, picture_batches
from partly.machine import Machine
from tests.device_with_values import device_with_values
from tests.evaluation.generators.tiny import SIZE_PX, Thumbnails, pictures, tiny_generator, write_photos

HALVES = Machine(dtype=torch.bfloat16)


def short_of_memory(limit: int) -> Any:
    """A generator that makes ``limit`` pictures at once at most."""
    generator = tiny_generator()
    true = generator.synthesise

    def synthesise(w: torch.Tensor, **how: Any) -> Any:
        if len(w) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried much.\nand more")
        return true(w, **how)

    generator.synthesise = synthesise  # type: ignore[method-assign]
    return generator


def test_pictures_of_another_device_are_the_same() -> None:
    wanted = pictures(tiny_generator(), 3, 5)
    with device_with_values() as device:
        generator = tiny_generator().to(device)
        made = np.concatenate(list(make_pictures(generator, 3, range(5))))
    assert np.array_equal(made, wanted)


def test_pictures_of_halves_are_nearly_the_same_and_kept_apart(tmp_path: Path) -> None:
    wanted = pictures(tiny_generator(), 3, 8)
    [made] = make_pictures(tiny_generator(), 3, range(8), HALVES)
    difference = np.abs(made.astype(int) - wanted)
    assert 0 < difference.max() <= 6
    network = Thumbnails()
    for machine in (None, Machine(), HALVES, HALVES):
        picture_features(tiny_generator(), network, 4, 0, tmp_path, machine=machine)
    assert network.n_seen == 8
    assert len(list(tmp_path.iterdir())) == 2


def test_a_generator_short_of_memory_makes_fewer_at_a_time() -> None:
    told: list[tuple[int, str]] = []
    generator = short_of_memory(9)
    kept = picture_batches(generator, lambda *words: told.append(words))
    batches = list(make_pictures(generator, 3, range(40), batches=kept))
    assert [len(batch) for batch in batches] == [5] * 8
    assert kept.n == 5
    assert told == [(20, "CUDA out of memory. Tried much.")]
    np.testing.assert_allclose(np.concatenate(batches), pictures(tiny_generator(), 3, 40), atol=1)


def test_an_evaluation_says_once_that_memory_was_short(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", pictures(tiny_generator(), 1, 20))
    found = find_photos(tmp_path / "photos").sources
    photos = make_photo_set(found, tmp_path / "squares", SIZE_PX)
    plain = evaluate_generator(tiny_generator(), photos, Thumbnails(), 20)
    short = evaluate_generator(short_of_memory(3), photos, Thumbnails(), 20)
    assert short.figures.kernel.mean == pytest.approx(plain.figures.kernel.mean, rel=0.05, abs=1e-4)
    said = [note for note in short.notes if note not in plain.notes]
    assert said == [
        "Memory was short, so that batches are smaller, 10 pictures at first "
        "(CUDA out of memory. Tried much.)."
    ]


def test_a_network_short_of_memory_sees_fewer_at_a_time() -> None:
    class Narrow(Thumbnails):
        def features(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 2:
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
            return super().features(images)

    told: list[tuple[int, str]] = []
    rows = picture_features(tiny_generator(), Narrow(), 9, 0, on_halved=lambda *words: told.append(words))
    np.testing.assert_allclose(rows, picture_features(tiny_generator(), Thumbnails(), 9, 0), atol=1e-5)
    assert [n for n, _ in told] == [3]
