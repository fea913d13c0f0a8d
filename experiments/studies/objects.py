"""Horses and cars from a few labelled photos, without a generator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from experiments.objects import ObjectPhotos, objects_of_bench
from experiments.scoring import figures_of, over_draws
from experiments.store import results_folder
from partly.data.photos import Pixels, grid, overlay, thumbnail, write_jpeg
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.fewshot.fitting import ON_PHOTOS, FewShotConfig, Teacher, fit_teacher
from partly.models.zoo import load_encoder

_DRAWS = {1: 10, 3: 5, 5: 4, 10: 4}
_DRAWS_OF_FACES = 2  # each is measured on 250 photos
_N_PANELS = 12
_ENCODER, _FEATURES_PX = "dinov2-small", 560
_OTHER_ENCODERS = {"mobile-sam": 560, "vgg16": 560, "efficientnet-lite0": 576}
"""Name, and the nominal side of photos in pixels: each network wants multiples of its own."""


def _measure(bench: Bench, cell: Cell) -> Figures:
    settings = cell.settings
    encoder = load_encoder(settings["encoder"], settings["features_px"])
    photos = objects_of_bench(bench, settings["object"], encoder)
    config: FewShotConfig = replace(ON_PHOTOS, allow_missing_parts=True)
    each, times = [], []
    for draw in range(settings["n_draws"]):
        labelled = photos.labelled(settings["n_labels"], draw)
        started = time.monotonic()
        teacher = fit_teacher(photos.source_of(labelled), labelled, photos.kind.part_set, config)
        times.append(time.monotonic() - started)
        teacher = teacher.reading(photos.source)
        names = photos.measured(labelled)
        each.append(figures_of(evaluate(_pairs(photos, teacher, names), photos.kind.part_set, n_worst=0)))
        if draw == 0:
            images = _write_panels(bench, cell, photos, teacher, names[:_N_PANELS])
    # Other encoders are a line of the table, and no curve.
    curve = {"curve": settings["object"]} if settings["encoder"] == _ENCODER else {}
    return over_draws(each) | {"fit_s": round(float(np.mean(times)), 1), "images": images} | curve


def _pairs(photos: ObjectPhotos, teacher: Teacher, names: list[str]) -> Iterator[EvaluationPair]:
    for name in names:
        pixels = photos.source.pixels(photos.source.picture(name))
        yield EvaluationPair(
            name, partial(np.asarray, pixels), photos.said_by(teacher, name), photos.truths[name]
        )


def _write_panels(
    bench: Bench, cell: Cell, photos: ObjectPhotos, teacher: Teacher, names: list[str]
) -> dict[str, str]:
    """Photos with the truth above, what was found below."""
    colours = photos.kind.part_set.colours
    above: list[Pixels] = []
    below: list[Pixels] = []
    for name in names:
        pixels = photos.source.pixels(photos.source.picture(name))
        for row, label_map in ((above, photos.truths[name]), (below, photos.said_by(teacher, name))):
            row.append(thumbnail(overlay(pixels, label_map, colours, 0.6), 160))
    file = f"{cell.key}.jpg"
    write_jpeg(results_folder(bench.out, EXPERIMENT, bench.half) / file, grid(above + below, len(names)), 85)
    n, kind = cell.settings["n_labels"], cell.settings["object"]
    return {file: f"{kind.capitalize()}: the truth above, found from {n} labelled photos below"}


def _cells() -> tuple[Cell, ...]:
    """One encoder on all objects, and the others on one of them."""

    def cell(kind: str, encoder: str, features_px: int, n_labels: int, key: str) -> Cell:
        settings = {"object": kind, "encoder": encoder, "features_px": features_px, "n_labels": n_labels}
        n_draws = _DRAWS_OF_FACES if kind == "faces" else _DRAWS[n_labels]
        return Cell(key, settings | {"n_draws": n_draws})

    return (
        *(
            cell(kind, _ENCODER, _FEATURES_PX, n, f"{kind}-{n}")
            for kind in ("horses", "cars", "faces")
            for n in _DRAWS
        ),
        *(cell("horses", encoder, px, 5, f"horses-5-{encoder}") for encoder, px in _OTHER_ENCODERS.items()),
    )


EXPERIMENT = Experiment(
    name="objects",
    title="Objects without a generator",
    question="What do a few labelled photos of horses, cars or faces give, by features of photos alone?",
    cells=_cells(),
    measure=_measure,
    columns=(
        Column("encoder", "encoder"),
        Column("labels", "n_labels"),
        Column("draws", "n_draws"),
        Column("IoU pooled, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per photo, %", "per_picture"),
        Column("fit, s", "fit_s"),
    ),
    plots=(
        Plot(
            "objects",
            "Objects by number of labelled photos",
            x="n_labels",
            y="pooled",
            series="curve",
            x_label="labelled photos",
            y_label="pooled IoU, %",
            log_x=True,
        ),
    ),
    notes=(
        "Labelled photos are drawn at random; a draw is measured on other photos with truth (horses: all "
        "others; cars: 100; faces: 100 of the choices half, or the figure half), at their own size.",
        "150 photos without labels help, which are never those that are measured on.",
        "Published figures are of other photos (PASCAL-Part): RepurposeGAN, ten labels: car 52.2, horse "
        "54.3; SLiMe, one and ten: 61.6 and 68.3, 56.4 and 63.3; OIParts, one: 65.2, 66.9.",
    ),
    reads_photos=True,
)
