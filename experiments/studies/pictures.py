"""How many generated pictures the auto-shot network needs, and how far from the mean."""

from __future__ import annotations

from experiments.auto_shot import network_for
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from experiments.scoring import photo_figures
from partly.models.generators import Truncation
from partly.synthesis.distil import DistilConfig

N_PHOTOS, PHOTO_PX = 125, 256
_NUMBERS = (30, 100, 300, 1000)
_TRUNCATIONS = ((0.5, 0.5), (1.0, 1.0), (1.0, 1.2))
_USUAL, _USUAL_NUMBER = (0.7, 1.0), 300


def small_budget(n_pictures: int = _USUAL_NUMBER, truncation: tuple[float, float] = _USUAL) -> DistilConfig:
    """A training that is short enough to be repeated: 400 steps of 8 pictures of 128 px."""
    return DistilConfig(
        n_pictures=n_pictures,
        size_px=128,
        n_steps=400,
        batch_size=8,
        truncation=Truncation(*truncation),
        seed=1,
    )


def _cell(n_pictures: int, truncation: tuple[float, float]) -> Cell:
    low, high = truncation
    settings = {
        "n_pictures": n_pictures,
        "truncation": [low, high],
        "n_photos": N_PHOTOS,
        "photo_px": PHOTO_PX,
    }
    settings |= {"curve": f"truncation {low:g} to {high:g}"}
    return Cell(f"n-{n_pictures}-truncation-{low:g}-{high:g}", settings)


def _measure(bench: Bench, cell: Cell) -> Figures:
    low, high = cell.settings["truncation"]
    network = network_for(bench, 1, 0, small_budget(cell.settings["n_pictures"], (low, high)))
    figures = photo_figures(network, bench.photos(cell.settings["n_photos"]), cell.settings["photo_px"])
    return figures | {"n_photos": figures.pop("n_pictures")}


EXPERIMENT = Experiment(
    name="pictures",
    title="Generated pictures",
    question="How many generated pictures does the network for photos need, and how varied must they be?",
    cells=(*(_cell(n, _USUAL) for n in _NUMBERS), *(_cell(_USUAL_NUMBER, t) for t in _TRUNCATIONS)),
    measure=_measure,
    columns=(
        Column("pictures", "n_pictures", 0),
        Column("truncation", "truncation"),
        Column("pooled IoU, %", "pooled"),
        Column("per photo, %", "per_picture"),
        Column("± over photos", "spread"),
    ),
    plots=(
        Plot(
            "pictures",
            "IoU on photos by number of generated pictures",
            x="n_pictures",
            y="pooled",
            series="curve",
            x_label="generated pictures",
            y_label="pooled IoU, %",
            log_x=True,
        ),
    ),
    notes=(
        f"One label; 400 steps of 8 pictures of 128 px; {N_PHOTOS} photos, scored at {PHOTO_PX} px. The "
        "budget is small, so that figures compare with each other only.",
    ),
    reads_photos=True,
)
