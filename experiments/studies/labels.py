"""What more labels are worth, and what the generator is worth beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from experiments.agreement import agreement
from experiments.auto_shot import baseline_for, network_for
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Plot
from experiments.scoring import by_network, over_draws, photo_figures, unseen_figures
from experiments.studies.pictures import N_PHOTOS, PHOTO_PX, small_budget
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil import DistilConfig

_DRAWS = {1: 2, 5: 1, 10: 1}
_PAINTED_SHARE = 0.25


def _with_painted(bench: Bench, n_labels: int, draw: int, config: DistilConfig) -> AutoShotNetwork:
    """As the auto-shot network, with the labelled pictures among those that it learns from."""
    return network_for(bench, n_labels, draw, replace(config, painted_share=_PAINTED_SHARE))


_LEARNERS: dict[str, Callable[[Bench, int, int, DistilConfig], AutoShotNetwork]] = {
    "auto-shot": network_for,
    "painted": _with_painted,
    "baseline": baseline_for,
}
_ARMS = ("few-shot", *_LEARNERS)


def _measure(bench: Bench, cell: Cell) -> Figures:
    arm, n = cell.settings["arm"], cell.settings["n_labels"]
    each = [_one(bench, arm, n, draw) for draw in range(cell.settings["n_draws"])]
    return over_draws(each)


def _one(bench: Bench, arm: str, n: int, draw: int) -> Figures:
    if arm == "few-shot":
        return agreement(bench, bench.teacher(n, draw).segmenter)
    network = _LEARNERS[arm](bench, n, draw, small_budget())
    found = photo_figures(network, bench.photos(N_PHOTOS), PHOTO_PX)
    photos = {"photos_pooled": found["pooled"], "photos_per_photo": found["per_picture"]}
    return unseen_figures(by_network(network), bench.unseen()) | photos


def _plot(name: str, title: str, y: str) -> Plot:
    return Plot(name, title, x="n_labels", y=y, series="arm", x_label="labels", y_label="pooled IoU, %")


EXPERIMENT = Experiment(
    name="labels",
    title="Number of labels",
    question="What is each further label worth, for the segmenter and for the network made from it?",
    cells=tuple(
        Cell(f"{arm}-{n}", {"arm": arm, "n_labels": n, "n_draws": n_draws})
        for arm in _ARMS
        for n, n_draws in _DRAWS.items()
    ),
    measure=_measure,
    columns=(
        Column("labels", "n_labels"),
        Column("draws", "n_draws"),
        Column("unseen pictures, pooled, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("unseen pictures, per picture, %", "per_picture"),
        Column("photos, pooled, %", "photos_pooled"),
        Column("photos, per photo, %", "photos_per_photo"),
    ),
    plots=(
        _plot("unseen", "On unseen pictures, by number of labels", "pooled"),
        _plot("photos", "On photos, by number of labels", "photos_pooled"),
    ),
    notes=(
        "The baseline is the auto-shot network with the same augmentation and steps, trained on the labelled "
        "pictures themselves: what it lacks is what the generator gives.",
        f"`painted`: {_PAINTED_SHARE:.0%} of the auto-shot network's pictures are the labelled ones.",
        f"300 pictures, 400 steps of 8 at 128 px; {N_PHOTOS} photos, scored at {PHOTO_PX} px.",
    ),
    reads_photos=True,
)
