"""Adversarial objectives at equal processor time: how good pictures get, and which serves segmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import mean
from typing import Any

from benchmarks.trained_digits import digit_reader

from experiments.adversarial_trainings import AdversarialTrainings
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Row
from experiments.generator_scores import class_figures, feature_networks, figures_beside_photos
from experiments.segmentation_by_generator import CHOSEN, segmentation_figures
from experiments.store import results_folder
from experiments.training_study import MATERIALS, TrainingStudy, Variant
from partly.data.photos import grid, write_jpeg
from partly.evaluation.generators import make_pictures
from partly.models.generators import Generator
from partly.models.zoo import load_generator

_N_PICTURES, _N_PHOTOS = 1000, 2000
_N_READER_ROUNDS = 3
_N_SHOWN, _N_COLUMNS = 40, 10
_MEANS = {
    "shown": "photos shown",
    "builtin.kernel": "kernel distance",
    "inception.kernel": "KID",
    "efficientnet-lite0.kernel": "kernel distance of EfficientNet",
    "builtin.coverage": "coverage",
    "classes": "classes",
    "few_shot.pooled": "agreement of the segmenter",
    "through.pooled": "IoU through the generator",
    "auto_shot.pooled": "IoU of the network",
}


def _cells_of_study(study: TrainingStudy) -> Iterator[Cell]:
    for name in study.materials:
        material = MATERIALS[name]
        minutes = study.minutes or material.minutes
        for variant in study.variants_on(material):
            for seed in range(study.n_seeds or material.n_seeds):
                settings = {"photos": name, "variant": variant.text, "seed": seed, "minutes": minutes}
                sizes = {"n_pictures": _N_PICTURES, "n_photos": _N_PHOTOS}
                chosen = {"labelled": CHOSEN} if material.has_labels else {}
                yield Cell(f"{name}-{variant.key}-{minutes:g}-min-seed-{seed}", settings | sizes | chosen)


def _cells_of(bench: Bench) -> tuple[Cell, ...]:
    for name in bench.trainings.materials:
        bench.trainings.source(name, bench.data)
    return tuple(_cells_of_study(bench.trainings))


def _measure(bench: Bench, cell: Cell) -> Figures:
    settings = cell.settings
    name, variant = settings["photos"], Variant.parse(settings["variant"])
    material = MATERIALS[name]
    source = bench.trainings.source(name, bench.data)
    work = AdversarialTrainings(material, source, bench.out / "cache" / "adversarial" / name)
    trained = work.trained(
        variant,
        settings["seed"],
        settings["minutes"],
        lambda step: bench.tell(f"training {cell.key}", step.step, step.n_steps),
    )
    if trained.folder is None:
        return trained.figures
    generator = load_generator(trained.folder)
    beside = figures_beside_photos(
        generator,
        work.photos,
        feature_networks(material),
        work.folder / "features",
        settings["n_pictures"],
        settings["n_photos"],
    )
    figures = trained.figures | beside | {"images": _shown(bench, cell, generator)}
    if material.has_classes:
        reader, right = digit_reader(source, work.folder, work.digits, _N_READER_ROUNDS)
        figures |= class_figures(reader, generator, settings["n_pictures"]) | {"reader": round(right, 4)}
    if material.has_labels:
        figures |= segmentation_figures(bench.of_generator(trained.folder))
    return figures


def _shown(bench: Bench, cell: Cell, generator: Generator) -> dict[str, str]:
    pictures = [one for some in make_pictures(generator, 0, range(_N_SHOWN)) for one in some]
    file = f"{cell.key}.jpg"
    write_jpeg(results_folder(bench.out, EXPERIMENT, "choices") / file, grid(pictures, _N_COLUMNS), 90)
    return {file: f"{cell.key}: the first {_N_SHOWN} pictures"}


def _remarks(rows: Sequence[Row]) -> list[str]:
    """Means over seeds, one sentence for each variant and budget."""

    def of(row: Row) -> tuple[str, ...]:
        return tuple(str(row.cell.settings[name]) for name in ("photos", "variant", "minutes"))

    measured = sorted((row for row in rows if row.figures is not None), key=of)
    return [_mean_sentence(key, list(group)) for key, group in groupby(measured, of)]


def _mean_sentence(key: tuple[str, ...], rows: list[Row]) -> str:
    photos, variant, minutes = key
    sound = [row for row in rows if row.value("diverged") is None]
    told = [
        f"{what} {_number(mean(found))}" for name, what in _MEANS.items() if (found := _values(sound, name))
    ]
    if len(sound) < len(rows):
        told.append(f"{len(rows) - len(sound)} of {len(rows)} diverged")
    seeds = f"{len(rows)} seed{'s' if len(rows) > 1 else ''}"
    return f"**{photos}, {variant}**, {minutes} minutes, {seeds}: {', '.join(told)}."


def _values(rows: list[Row], name: str) -> list[float]:
    found: list[Any] = [row.value(name) for row in rows]
    return [float(value) for value in found if value is not None]


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


EXPERIMENT = Experiment(
    name="adversarial",
    title="Adversarial objectives at equal cost",
    question="Which objective makes the best generator in a given time, and which serves segmentation best?",
    cells=tuple(_cells_of_study(TrainingStudy())),
    cells_of=_cells_of,
    keeps_cells=True,
    measure=_measure,
    columns=(
        Column("photos shown", "shown"),
        Column("a step, processor s", "seconds_a_step", 3),
        Column("kernel distance, built-in, x 1000", "builtin.kernel"),
        Column("KID, Inception, x 1000", "inception.kernel"),
        Column("kernel distance, EfficientNet-lite0, x 1000", "efficientnet-lite0.kernel"),
        Column("coverage", "builtin.coverage", 2),
        Column("recall", "builtin.recall", 2),
        Column("suspected copies, share", "suspected_copies", 3),
        Column("classes of ten", "classes"),
        Column("their entropy, nats", "entropy", 2),
        Column("segmenter against annotator, pooled, %", "few_shot.pooled"),
        Column("through the generator, pooled, %", "through.pooled"),
        Column("network, pooled, %", "auto_shot.pooled"),
        Column("network, per photo, %", "auto_shot.per_picture"),
        Column("diverged", "diverged"),
    ),
    headline="auto_shot.pooled",
    how="A few steps of each variant are timed once; all its trainings show as many photos as fit the "
    "processor minutes at that pace. Digits and clothes: DCGAN of 32 px; faces and cars: the light family of "
    "64 px, where the variant names no other. Pictures are not truncated, and compared with photos that "
    "the generator was trained on.",
    notes=(
        "Few-shot segmentation of faces is measured as `adversarial-labels` does.",
        f"{_N_PICTURES} pictures are compared with {_N_PHOTOS} photos; copies are looked for among 10,000. "
        "About one picture in a hundred is suspected to be a copy where none is.",
        "Classes are those that a network of real photos names in the pictures; ten equally frequent ones "
        "have an entropy of 2.30 nats.",
    ),
    remarks=_remarks,
)
