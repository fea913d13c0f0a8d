"""Shapes that are no part (Tritrong et al., CVPR 2021, section 5: arbitrary segmentation)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from experiments.regions import NOSE_PART, SHAPES, shape_map
from experiments.scoring import by_segmenter, over_draws, part_figures
from experiments.store import results_folder
from experiments.unseen_pictures import UnseenPicture
from partly.data.labels import Annotation, PartSet
from partly.data.photos import grid, overlay, write_jpeg
from partly.errors import BadLabel
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import fit_few_shot
from partly.fewshot.segmenters import FewShotSegmenter

SHAPE_PARTS = PartSet.from_names(("rest", "shape"))
_N_PANELS = 8
_DRAWS = {1: 5, 5: 2, 10: 2}


def shape_labels(bench: Bench, n: int, draw: int, name: str) -> list[Annotation]:
    """The labels of a draw with the shape painted on them; pictures without landmarks are left out.

    Raises:
        BadLabel: none is left.
    """
    both = zip(bench.labels(n, draw), bench.label_ids(n, draw), strict=True)
    painted = [(label, shape_map(name, ids)) for label, ids in both]
    labels = [replace(label, label_map=shape) for label, shape in painted if shape is not None]
    if not labels:
        raise BadLabel(
            f"no labelled picture of draw {draw} shows both eyes, nose and mouth", expected="one or more"
        )
    return labels


def _measure(bench: Bench, cell: Cell) -> Figures:
    name, n = cell.settings["shape"], cell.settings["n_labels"]
    truths = [(picture, shape_map(name, picture.ids)) for picture in bench.unseen()]
    known = [(picture, truth) for picture, truth in truths if truth is not None]
    each, images = [], {}
    for draw in range(cell.settings["n_draws"]):
        segmenter = _fit(bench, n, draw, name)
        predict = by_segmenter(bench.caching_generator, segmenter, bench.protocol.label_px)
        found = [(picture, predict(picture), truth) for picture, truth in known]
        pairs = ((picture.name, prediction, truth) for picture, prediction, truth in found)
        each.append(part_figures(pairs, SHAPE_PARTS, "shape"))
        if draw == 0:
            images = _write_panels(bench, cell, found[:_N_PANELS])
    return over_draws(each) | {"n_pictures": len(known), "images": images}


def _fit(bench: Bench, n: int, draw: int, name: str) -> FewShotSegmenter:
    labels = shape_labels(bench, n, draw, name)
    return fit_few_shot(GeneratorFeatures(bench.caching_generator), labels, SHAPE_PARTS)


def _write_panels(
    bench: Bench, cell: Cell, found: list[tuple[UnseenPicture, NDArray[np.uint8], NDArray[np.uint8]]]
) -> dict[str, str]:
    """Unseen pictures with the true shape above, the found one below."""
    rows = [
        [_painted(picture.pixels, shape) for picture, shape in shapes]
        for shapes in (
            [(picture, truth) for picture, _, truth in found],
            [(picture, prediction) for picture, prediction, _ in found],
        )
    ]
    name = f"{cell.key}.jpg"
    write_jpeg(
        results_folder(bench.out, EXPERIMENT, bench.half) / name,
        grid(rows[0] + rows[1], len(found)),
        85,
    )
    n = cell.settings["n_labels"]
    labels = "one label" if n == 1 else f"{n} labels"
    return {
        name: f"Unseen pictures with the {cell.settings['shape']}: the truth above, found from {labels} below"
    }


def _painted(pixels: NDArray[np.uint8], shape: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = max(1, len(pixels) // 128)
    thin = np.ascontiguousarray(pixels[::step, ::step])
    label_map = np.where(shape == 1, np.uint8(1), np.uint8(255))[::step, ::step]
    return overlay(thin, np.ascontiguousarray(label_map), SHAPE_PARTS.colours, 0.6)


EXPERIMENT = Experiment(
    name="shapes",
    title="Shapes that are no part",
    question="Can a region that means nothing, such as a letter on a cheek, be learned from few labels?",
    cells=tuple(
        Cell(f"{name}-{n}", {"shape": name, "n_labels": n, "n_draws": n_draws})
        for name in (*SHAPES, NOSE_PART)
        for n, n_draws in _DRAWS.items()
    ),
    measure=_measure,
    columns=(
        Column("labels", "n_labels"),
        Column("draws", "n_draws"),
        Column("IoU of the shape, pooled, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per picture, %", "per_picture"),
        Column("± over pictures", "spread"),
        Column("unseen pictures", "n_pictures", 0),
    ),
    plots=(
        Plot(
            "shapes",
            "IoU of shapes by number of labels",
            x="n_labels",
            y="pooled",
            series="shape",
            x_label="labels",
            y_label="IoU of the shape, %",
        ),
    ),
    notes=(
        "Shapes are drawn in canonical face coordinates that an affine map, fitted to the centres of "
        "eyes, nose and mouth, lays over each picture, and cut with the face as the parser sees it: so there "
        "is exact truth on every unseen picture.",
        "The nose, a part that means something, is labelled and measured alike: what can be hoped for.",
        "Unseen pictures that lack an eye, nose or mouth are left out.",
    ),
)
