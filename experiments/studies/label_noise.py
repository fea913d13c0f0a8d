"""How good labels must be: moved boundaries, scribbles, a part taken for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from experiments.agreement import agreement_over_draws
from experiments.bench import Bench
from experiments.damage import LabelMap, grown, jittered, mislabelled, scribbled
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from partly.data.labels import FACE_PARTS, Annotation

_DRAWS = {1: 3, 10: 1}
_PIXELS = (1, 2, 4)
_SHARES = (0.1, 0.03, 0.01, 0.003)
_WRONG = (("neck", "skin", "lower"), ("ear", "hair", "left"))


def _damages() -> dict[str, dict[str, Any]]:
    """Key to what is done to each label map; ``strength`` is what plots show."""
    return {
        "clean": {"damage": "none", "strength": 0},
        **{f"jitter-{px}": {"damage": "boundaries moved, px", "strength": px} for px in _PIXELS},
        **{f"grown-{px}": {"damage": "object grown, px", "strength": px} for px in _PIXELS},
        **{f"shrunk-{px}": {"damage": "object shrunk, px", "strength": px} for px in _PIXELS},
        **{
            f"scribbles-{100 * share:g}": {
                "damage": "scribbles, % of pixels",
                "strength": round(100 * share, 1),
            }
            for share in _SHARES
        },
        **{
            f"wrong-{part}": {"damage": f"{side} half of {part} as {other}", "wrong": [part, other, side]}
            for part, other, side in _WRONG
        },
    }


def damaged(label_map: LabelMap, settings: Mapping[str, Any], seed: int) -> LabelMap:
    """The label map made worse as a cell's settings say."""
    kind, strength = settings["damage"], settings.get("strength", 0)
    if kind.startswith("boundaries"):
        return jittered(label_map, strength, seed)
    if kind.startswith("object"):
        return grown(label_map, strength if "grown" in kind else -strength)
    if kind.startswith("scribbles"):
        return scribbled(label_map, strength / 100, seed)
    if "wrong" in settings:
        part, other, side = settings["wrong"]
        return mislabelled(label_map, FACE_PARTS.index(part), FACE_PARTS.index(other), side)
    return label_map


def _labels(bench: Bench, cell: Cell, draw: int) -> list[Annotation]:
    labels = bench.labels(cell.settings["n_labels"], draw)
    return [
        replace(label, label_map=damaged(label.label_map, cell.settings, 100 * draw + i))
        for i, label in enumerate(labels)
    ]


def _measure(bench: Bench, cell: Cell) -> Figures:
    return agreement_over_draws(
        bench, cell.settings["n_draws"], lambda draw: bench.fit(_labels(bench, cell, draw))
    )


def _plot(name: str, title: str, word: str, x_label: str) -> Plot:
    return Plot(name, title, x="strength", y="pooled", series=word, x_label=x_label, y_label="pooled IoU, %")


EXPERIMENT = Experiment(
    name="label-noise",
    title="Careless labels",
    question="How exact, how complete and how right must labels be?",
    cells=tuple(
        Cell(
            f"{key}-labels-{n}",
            settings
            | {
                "n_labels": n,
                "n_draws": n_draws,
                (
                    "scribbles" if "scribbles" in key else "boundaries"
                ): f"{settings['damage'].split(',')[0]}, {n}",
            },
        )
        for n, n_draws in _DRAWS.items()
        for key, settings in _damages().items()
    ),
    measure=_measure,
    columns=(
        Column("damage", "damage"),
        Column("by", "strength"),
        Column("labels", "n_labels"),
        Column("pooled IoU, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per picture, %", "per_picture"),
        Column("eye", "parts.eye", 0),
        Column("ear", "parts.ear", 0),
        Column("neck", "parts.neck", 0),
    ),
    plots=(
        _plot("boundaries", "Agreement when boundaries are wrong", "boundaries", "wrong by, px of 256"),
        replace(
            _plot(
                "scribbles", "Agreement when only scribbles are labelled", "scribbles", "labelled pixels, %"
            ),
            log_x=True,
        ),
    ),
    notes=(
        "Ridge regression on label maps of 256 px; the truth is never damaged.",
        "Boundaries are moved by a smooth random field, the amplitude being its root mean square; growing "
        "and shrinking move the outline of the whole object.",
        "Scribbles are strokes one pixel wide within each part; all other pixels are unlabelled.",
        "A wrong part is wrong on every label, so that nothing contradicts it.",
    ),
)
