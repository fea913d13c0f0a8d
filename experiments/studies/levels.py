"""Which levels of the generator tell parts apart (Tritrong et al., CVPR 2021, ablation of layers)."""

from __future__ import annotations

from experiments.agreement import agreement_over_draws
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from partly.fewshot.fitting import FewShotConfig

_SIZES_PX = (4, 8, 16, 32, 64, 128, 256)
_DRAWS = {1: 5, 10: 1}
# A fit on all sizes from 256 px down takes minutes.
_DOWN, _DOWN_DRAWS = "from 256 px down to", {1: 2, 10: 1}


def _choices() -> dict[str, tuple[str, int, tuple[int, ...]]]:
    """Key to the way of choosing, the size at the moving end, and the sizes of the levels that are read."""
    last = len(_SIZES_PX)
    alone = {f"only-{px}": ("one size", px, (px,)) for px in _SIZES_PX}
    up = {
        f"4-to-{_SIZES_PX[i]}": ("from 4 px up to", _SIZES_PX[i], _SIZES_PX[: i + 1]) for i in range(1, last)
    }
    down = {f"{_SIZES_PX[i]}-to-256": (_DOWN, _SIZES_PX[i], _SIZES_PX[i:]) for i in range(1, last - 1)}
    return alone | up | down | {"default": ("default", 32, (32, 64, 128))}


def _measure(bench: Bench, cell: Cell) -> Figures:
    config = FewShotConfig(sizes_px=tuple(cell.settings["sizes_px"]))
    n = cell.settings["n_labels"]
    return agreement_over_draws(
        bench, cell.settings["n_draws"], lambda draw: bench.fit(bench.labels(n, draw), config)
    )


EXPERIMENT = Experiment(
    name="levels",
    title="Levels of the generator",
    question="Which levels of the generator tell the parts of a face apart, alone and together?",
    cells=tuple(
        Cell(
            f"{key}-labels-{n}",
            {
                "way": way,
                "end_px": end_px,
                "sizes_px": list(sizes_px),
                "n_labels": n,
                "n_draws": (_DOWN_DRAWS if way == _DOWN else _DRAWS)[n],
                "curve": f"{way}, {n} label{'s' if n > 1 else ''}",
            },
        )
        for n in _DRAWS
        for key, (way, end_px, sizes_px) in _choices().items()
    ),
    measure=_measure,
    columns=(
        Column("levels, px", "sizes_px", 0),
        Column("labels", "n_labels"),
        Column("pooled IoU, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per picture, %", "per_picture"),
        Column("eye", "parts.eye", 0),
        Column("hair", "parts.hair", 0),
        Column("cloth", "parts.cloth", 0),
    ),
    plots=(
        Plot(
            "levels",
            "Agreement by the levels that are read",
            x="end_px",
            y="pooled",
            series="curve",
            x_label="side of the level, or of the last one taken in, px",
            y_label="pooled IoU, %",
            log_x=True,
        ),
    ),
    notes=("Ridge regression; from one label, the mean of five draws, or of two from 256 px down.",),
)
