"""Labelled pictures made on a device that is not the processor: in batches, halved where memory is short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.teacher import Teacher
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.machine import PROCESSOR, Machine, SpreadOptions
from partly.machine.executors import Here
from partly.synthesis.shards.batched_samples import batches_on
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.labelled_synthesis import Following, synthesise_labelled, synthesise_share
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_workers import Halved
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from tests.device_with_values import device_with_values
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator

CONFIG = SynthesisConfig(7, size_px=32, label_px=16, picture_format="png", pictures_per_shard=4)
QUICK = FewShotConfig(n_statistics=2, n_self_training=0, methods=("ridge", "mlp-0"))


@pytest.fixture(scope="module")
def segmenter() -> EnsembleSegmenter:
    generator = tiny_generator()
    fitted = fit_few_shot(GeneratorFeatures(generator), [thing_annotation(generator, 0)], TWO_PARTS, QUICK)
    assert isinstance(fitted, EnsembleSegmenter)
    return fitted


def teacher_on(
    machine: Machine, segmenter: EnsembleSegmenter, *, fits: int = 99
) -> tuple[Teacher, list[int]]:
    """A teacher whose generator has memory for ``fits`` pictures, and the batches that it made."""
    generator, batches = tiny_generator(), []
    true = generator.synthesise

    def synthesise(w: torch.Tensor, **how: object) -> object:
        batches.append(len(w))
        if len(w) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore words")
        return true(w, **how)

    generator.synthesise = synthesise  # type: ignore[method-assign, assignment]
    teacher = Teacher(segmenter, TWO_PARTS).reading(GeneratorFeatures(generator, machine))
    return teacher, batches


def nearly(found: LabelledShards, wanted: LabelledShards) -> None:
    images, logits, _ = found.read(range(7))
    other_images, other_logits, _ = wanted.read(range(7))
    assert (images.int() - other_images.int()).abs().max() <= 1
    torch.testing.assert_close(logits, other_logits, rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(found.uncertainties, wanted.uncertainties, rtol=1e-3)


def test_a_shard_at_once_and_the_same_pictures(segmenter: EnsembleSegmenter, tmp_path: Path) -> None:
    teacher, batches = teacher_on(PROCESSOR, segmenter)
    here = synthesise_labelled(teacher, CONFIG, Place.within(tmp_path / "here"))
    assert batches == [1] * 7
    with device_with_values() as device:
        teacher, batches = teacher_on(Machine(device), segmenter)
        there = synthesise_labelled(teacher, CONFIG, Place.within(tmp_path / "there"), n_workers=3)
        assert batches == [4, 3]
        teacher.to("cpu")
    nearly(there, here)


def test_batches_are_halved_where_memory_is_short(segmenter: EnsembleSegmenter, tmp_path: Path) -> None:
    told: list[tuple[int, str]] = []
    with device_with_values() as device:
        teacher, batches = teacher_on(Machine(device), segmenter, fits=1)
        place = Place.within(tmp_path / "there")
        there = synthesise_labelled(teacher, CONFIG, place, on_halved=lambda *words: told.append(words))
        teacher.to("cpu")
    assert batches == [4, 2, 1, 1, 1, 1, 1, 1, 1]
    assert told == [(2, "CUDA out of memory. Tried to allocate 2.00 GiB.")]
    teacher, _ = teacher_on(PROCESSOR, segmenter)
    nearly(there, synthesise_labelled(teacher, CONFIG, Place.within(tmp_path / "here")))


def test_one_picture_that_does_not_fit_is_an_error(segmenter: EnsembleSegmenter, tmp_path: Path) -> None:
    with device_with_values() as device:
        teacher, _ = teacher_on(Machine(device), segmenter, fits=0)
        with pytest.raises(torch.OutOfMemoryError):
            synthesise_labelled(teacher, CONFIG, Place.within(tmp_path))
        teacher.to("cpu")


def test_what_several_workers_tell_of_their_memory_is_told_once() -> None:
    heard: list[tuple[int, str]] = []
    done: list[int] = []
    following = Following(9, 0, lambda report: done.append(report.n_done), lambda *words: heard.append(words))
    for news in (Halved(12, "short"), 3, Halved(6, "shorter"), 4):
        following.hear(news)
    assert (done, heard) == ([1, 2], [(12, "short")])


@pytest.mark.parametrize(("spread", "n_workers"), [(SpreadOptions(), 1), (SpreadOptions(ray="auto"), 16)])
def test_a_cluster_has_more_workers_than_this_machine_gpus(
    spread: SpreadOptions,
    n_workers: int,
    segmenter: EnsembleSegmenter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int | None] = []

    def executor_of(self: SpreadOptions, n_workers: int | None) -> Here:
        del self
        asked.append(n_workers)
        return Here()

    monkeypatch.setattr(SpreadOptions, "executor_of", executor_of)
    with device_with_values() as device:
        teacher, _ = teacher_on(Machine(device), segmenter)
        place = Place.within(tmp_path)
        synthesise_share(teacher, CONFIG, place, spread, n_workers=16, load_teacher=lambda: teacher)
        teacher.to("cpu")
    assert asked == [n_workers]


@pytest.mark.parametrize(
    ("device", "n_gpus", "expected"),
    [
        ("cpu", 0, ["cpu", "cpu", "cpu"]),
        ("mps", 0, ["mps"]),
        ("cuda:0", 1, ["cuda:0"]),
        ("cuda:1", 4, ["cuda:1", "cuda:0", "cuda:2"]),
    ],
)
def test_a_gpu_has_one_worker(
    device: str, n_gpus: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
    machines = Machine(torch.device(device), dtype=torch.bfloat16).for_workers(3)
    assert [str(machine.device) for machine in machines] == expected
    assert {machine.dtype for machine in machines} == {torch.bfloat16}


def test_workers_get_a_machine_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    taken = []
    for number in range(4):
        monkeypatch.setenv("PARTLY_WORKER", str(number))
        taken.append(str(Machine(torch.device("cuda", 1)).of_worker().device))
        assert PROCESSOR.of_worker() == PROCESSOR
    assert taken == ["cuda:1", "cuda:0", "cuda:2", "cuda:1"]
    assert batches_on(Machine(torch.device("cuda", 0)), CONFIG).n == 4
