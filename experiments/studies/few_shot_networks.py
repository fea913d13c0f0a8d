"""Which few-shot segmenter, for one, five and ten labels (Tritrong et al., CVPR 2021, table 3)."""

from __future__ import annotations

import time
from typing import Any

from experiments.agreement import agreement
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from experiments.scoring import over_draws
from partly.api import load_annotations
from partly.data.labels import FACE_PARTS, Annotation
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import METHODS, FewShotConfig, fit_few_shot

# Gradient methods take minutes a fit, so they get fewer draws of the labels.
_DRAWS = {
    "ridge": {1: 5, 5: 3, 10: 3},
    "kernel": {1: 5, 5: 3, 10: 3},
    "mlp-0": {1: 2, 5: 1, 10: 1},
    "mlp-1": {1: 2, 5: 1, 10: 1},
}
_ONCE = {1: 1, 5: 1, 10: 1}
_WIDE = ("mlp-1", "mlp-2")
_EXPECTED = {
    ("ridge", 1): 75.7,
    ("ridge", 10): 82.7,
    ("cnn-s", 1): 72.0,
    ("cnn-s", 10): 78.0,
    ("cnn-l", 1): 69.0,
}


def _cells() -> tuple[Cell, ...]:
    proposed = [
        Cell(f"{method}-{n}", _settings(method, n, _draws(method)[n]), _EXPECTED.get((method, n)))
        for method in METHODS
        for n in (1, 5, 10)
    ]
    drawn = [
        Cell(f"ridge-drawn-{n}", _settings("ridge", n, 1) | {"curve": "ridge, drawn by hand"}, expected)
        for n, expected in ((1, 73.9), (5, 75.6))
    ]
    return (*proposed, *drawn)


def _draws(method: str) -> dict[int, int]:
    return _DRAWS.get(method, _ONCE)


def _settings(method: str, n: int, n_draws: int) -> dict[str, Any]:
    settings = {"method": method, "n_labels": n, "n_draws": n_draws, "curve": method}
    # Two thousand hidden values a pixel take six seconds a picture of 256 px.
    return settings | ({"logits_px": 128} if method in _WIDE else {})


def _measure(bench: Bench, cell: Cell) -> Figures:
    config = FewShotConfig(methods=(cell.settings["method"],))
    n, logits_px = cell.settings["n_labels"], cell.settings.get("logits_px")
    if "drawn" in cell.settings["curve"]:
        return over_draws([_one(bench, list(load_annotations()[:n]), config, logits_px)])
    return over_draws(
        [_one(bench, bench.labels(n, draw), config, logits_px) for draw in range(cell.settings["n_draws"])]
    )


def _one(bench: Bench, labels: list[Annotation], config: FewShotConfig, logits_px: int | None) -> Figures:
    began = time.process_time()
    # Not by the bench, which caches pictures: the time would be that of whatever came before.
    source = GeneratorFeatures(bench.generator)
    segmenter = fit_few_shot(source, labels, FACE_PARTS, config, bench.tell)
    fit_s = round(time.process_time() - began, 1)
    n_parameters = sum(parameter.numel() for parameter in segmenter.parameters())
    return agreement(bench, segmenter, logits_px) | {"fit_s": fit_s, "n_parameters": n_parameters}


EXPERIMENT = Experiment(
    name="few-shot-networks",
    title="Few-shot segmenters",
    question="Which segmenter learns the parts of a face best from one, five and ten labels?",
    cells=_cells(),
    measure=_measure,
    columns=(
        Column("labels", "n_labels"),
        Column("draws", "n_draws"),
        Column("pooled IoU, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per picture, %", "per_picture"),
        Column("± over pictures", "spread"),
        Column("fit, s of the processor", "fit_s"),
        Column("parameters", "n_parameters", 0),
    ),
    plots=(
        Plot(
            "agreement",
            "Agreement by number of labels",
            x="n_labels",
            y="pooled",
            series="curve",
            x_label="labels",
            y_label="pooled IoU, %",
        ),
    ),
    notes=(
        "A draw of one label is another proposed picture; a draw of more is another seed of the proposals. "
        "The labels that were drawn by hand are the shipped ones: the first, and all five.",
        "The fit takes in the statistics of plain pictures, which all segmenters need; its time is that of "
        "the processor, so that a busy machine changes it little.",
        "Logits of `mlp-1` and `mlp-2` are computed at 128 px, that of the finest level, and enlarged.",
        "Expected figures are those of [the lab log](lab.md): 50 unseen pictures for ridge regression, 20 "
        "for CNNs; here they are 40.",
    ),
)
