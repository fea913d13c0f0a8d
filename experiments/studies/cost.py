"""What each stage costs in time and memory."""

from __future__ import annotations

from collections.abc import Callable

import torch

from experiments.auto_shot import labelled_pictures
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures
from experiments.memory import measured
from partly.data.labels import FACE_PARTS, Annotation
from partly.fewshot.acquisition import propose
from partly.fewshot.features import GeneratorFeatures, latent_of, pyramid_of
from partly.fewshot.fitting import RidgeFit, fit_few_shot
from partly.fewshot.segmenters import RidgeSegmenter
from partly.inference.segment import segment_photo
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil import DistilConfig
from partly.training.segmentation import AutoShotConfig, Stage, train_auto_shot

_N_TIMES = 5
_N_STEPS = 6


def _proposal(bench: Bench, _cell: Cell) -> Figures:
    n = bench.protocol.n_candidates
    return measured(lambda: propose(GeneratorFeatures(bench.generator), 5, n_candidates=n))


def _fit(bench: Bench, cell: Cell) -> Figures:
    labels = bench.labels(cell.settings["n_labels"], 0)
    # Not by the bench, which caches features: time and memory would be those of what came before.
    return measured(lambda: fit_few_shot(GeneratorFeatures(bench.generator), labels, FACE_PARTS))


def _refit(bench: Bench, _cell: Cell) -> Figures:
    """One more label: its features, the running sums of all, solved."""
    *first, last = bench.labels(5, 0)
    segmenter = fit_few_shot(GeneratorFeatures(bench.generator), first, FACE_PARTS)
    if not isinstance(segmenter, RidgeSegmenter):
        raise TypeError("only ridge regression has running sums")
    fit = RidgeFit(segmenter)

    def add(label: Annotation) -> None:
        source = GeneratorFeatures(bench.generator)
        fit.add(label.id, pyramid_of(source, label, segmenter.level_indexes), label.label_map)

    for label in first:
        add(label)

    def once_more() -> None:
        add(last)
        fit.solve()

    return measured(once_more, _N_TIMES, warm=True)


def _labelled_picture(bench: Bench, _cell: Cell) -> Figures:
    segmenter, w = bench.teacher(1, 0).segmenter, latent_of(bench.labels(1, 0)[0], bench.generator)
    features_px = max(bench.generator.levels[i].size_px for i in segmenter.level_indexes)

    def both() -> None:
        with torch.inference_mode():
            pyramid = bench.generator.synthesise(w, features_px=features_px).pyramid
            segmenter(pyramid, bench.protocol.label_px).softmax(1)

    return measured(both, _N_TIMES, warm=True)


def _training_step(bench: Bench, cell: Cell) -> Figures:
    """A short training, by the number of its steps."""
    size_px = cell.settings["size_px"]
    data = labelled_pictures(bench.generator, bench.labels(1, 0), bench.protocol.label_px)
    config = AutoShotConfig(n_steps=_N_STEPS, stages=(Stage(1.0, size_px),), n_held_out=0)
    network = AutoShotNetwork(DistilConfig().architecture, FACE_PARTS, size_px)
    found = measured(lambda: train_auto_shot(network, data, config), warm=True)
    return found | {name: round(found[name] / _N_STEPS, 4) for name in ("time_s", "cpu_s")}


def _photo(bench: Bench, cell: Cell) -> Figures:
    network = AutoShotNetwork(DistilConfig().architecture, FACE_PARTS, cell.settings["size_px"]).eval()
    network = network.for_inference()
    pixels = bench.unseen()[0].pixels
    return measured(lambda: segment_photo(network, pixels, mirror_average=False), _N_TIMES, warm=True)


_STAGES: dict[str, Callable[[Bench, Cell], Figures]] = {
    "proposal": _proposal,
    "fit": _fit,
    "refit": _refit,
    "labelled-picture": _labelled_picture,
    "training-step": _training_step,
    "photo": _photo,
}


def _measure(bench: Bench, cell: Cell) -> Figures:
    # What the stage needs, but is not of it, is made before the clock runs.
    _ = bench.generator
    return _STAGES[cell.settings["stage"]](bench, cell) | {"n_threads": torch.get_num_threads()}


EXPERIMENT = Experiment(
    name="cost",
    title="Time and memory",
    question="What does each stage cost on a CPU, in one process?",
    cells=(
        Cell("proposal", {"stage": "proposal", "what": "propose pictures, all candidates looked at"}),
        Cell("fit-1", {"stage": "fit", "n_labels": 1, "what": "fit ridge regression on one label"}),
        Cell("fit-10", {"stage": "fit", "n_labels": 10, "what": "fit ridge regression on ten labels"}),
        Cell("refit", {"stage": "refit", "what": "one more label, four to five, solved"}),
        Cell("labelled-picture", {"stage": "labelled-picture", "what": "one labelled picture of 1024 px"}),
        *(
            Cell(
                f"training-step-{px}",
                {
                    "stage": "training-step",
                    "size_px": px,
                    "what": f"one training step, 8 pictures of {px} px",
                },
            )
            for px in (128, 192, 256)
        ),
        *(
            Cell(f"photo-{px}", {"stage": "photo", "size_px": px, "what": f"one photo, seen at {px} px"})
            for px in (192, 256)
        ),
    ),
    measure=_measure,
    columns=(
        Column("what", "what"),
        Column("time, s", "time_s", 3),
        Column("of the processor, s", "cpu_s", 3),
        Column("peak memory of the process, MiB", "peak_mib", 0),
        Column("threads", "n_threads"),
    ),
    headline="time_s",
    notes=(
        "Medians; nothing else should run beside it. The memory takes in the interpreter and what the "
        "process already holds, such as the generator.",
    ),
)
