"""Networks of objects without a generator: what the teacher knows, and the two networks made from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from experiments.auto_shot import reports
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures
from experiments.objects import ObjectPhotos, objects_of_bench
from experiments.scoring import figures_of
from partly.data.labels import LabelMap
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.fewshot.features import FeatureStore
from partly.fewshot.fitting import ON_PHOTOS, Teacher, fit_teacher
from partly.inference.segment import THOROUGH, EncoderNetwork, PartNetwork, segment_photo
from partly.models.zoo import load_encoder
from partly.synthesis.distil import FROM_PHOTOS, PictureReader, distil, distil_head
from partly.synthesis.shards import Place

_ENCODER, _FEATURES_PX, _HEAD_PX = "dinov2-small", 560, 448
_N_STEPS = {False: FROM_PHOTOS.n_steps, True: 1400}


def _measure(bench: Bench, cell: Cell) -> Figures:
    settings = cell.settings
    encoder = load_encoder(_ENCODER, _FEATURES_PX)
    photos = objects_of_bench(bench, settings["object"], encoder)
    choose = photos.proposed if settings["proposed"] else photos.labelled
    labelled = choose(settings["n_labels"], settings["draw"])
    names = photos.measured(labelled)
    started = time.monotonic()
    config = replace(ON_PHOTOS, allow_missing_parts=True)
    teacher = fit_teacher(photos.source_of(labelled), labelled, photos.kind.part_set, config)
    figures: Figures = {"fit_s": round(time.monotonic() - started, 1)}
    reading = teacher.reading(photos.source)
    figures |= _scored(photos, "teacher", ((name, photos.said_by(reading, name)) for name in names))
    started = time.monotonic()
    best = _networks(bench, cell, teacher)
    assert best.fast is not None
    figures["networks_s"] = round(time.monotonic() - started, 1)
    for kind, network in (("fast", best.fast.for_inference()), ("best", best.for_inference())):
        figures |= _scored(photos, kind, _segmented(bench, photos, network, names))
    return figures


def _networks(bench: Bench, cell: Cell, teacher: Teacher) -> EncoderNetwork:
    """The best network, with the fast one inside; after a stop, the same call goes on."""
    config = replace(FROM_PHOTOS, n_steps=cell.settings["n_steps"])
    place = Place.within(bench.cache / f"photo-networks-{cell.key}-{bench.half}")
    told = reports(bench.tell)
    weights = bench.get_encoder() if config.pretrained else None
    fast = distil(teacher, place, config, told, encoder_weights=weights).network
    reader = PictureReader(load_encoder(_ENCODER, _HEAD_PX), FeatureStore(bench.cache / "features"))
    head = distil_head(teacher, place, config, reader, fast, reports=told)
    return EncoderNetwork(reader.encoder, head, teacher.part_set, fast)


def _segmented(
    bench: Bench, photos: ObjectPhotos, network: PartNetwork, names: list[str]
) -> Iterator[tuple[str, LabelMap]]:
    for number, name in enumerate(names, start=1):
        photo = photos.known[name].read()
        yield name, segment_photo(network, photo, scales=THOROUGH, refine=True).label_map
        bench.tell("segmenting photos", number, len(names))


def _scored(photos: ObjectPhotos, kind: str, found: Iterator[tuple[str, LabelMap]]) -> Figures:
    pairs = (EvaluationPair(name, None, label_map, photos.truths[name]) for name, label_map in found)
    figures = figures_of(evaluate(pairs, photos.kind.part_set, n_worst=0))
    return {f"{kind}_{key}": value for key, value in figures.items()}


def _cells() -> tuple[Cell, ...]:
    def cell(kind: str, n_labels: int, draw: int, *, proposed: bool = False, long: bool = False) -> Cell:
        key = f"{kind}-{n_labels}-{draw}" + "-proposed" * proposed + "-long" * long
        settings = {"object": kind, "n_labels": n_labels, "draw": draw, "proposed": proposed}
        return Cell(key, settings | {"n_steps": _N_STEPS[long]})

    return (
        *(cell("faces", 1, draw, proposed=True) for draw in range(3)),
        cell("faces", 10, 0),
        cell("faces", 10, 0, proposed=True),
        cell("faces", 10, 0, proposed=True, long=True),
        *(cell(kind, n, 0) for kind in ("horses", "cars") for n in (1, 5, 10)),
    )


_SETTINGS = (
    f"{FROM_PHOTOS.n_steps} steps of {FROM_PHOTOS.batch_size} up to {FROM_PHOTOS.size_px} px (long: "
    f"{_N_STEPS[True]}), of which painted photos are {FROM_PHOTOS.painted_share:.0%} (of n photos at most "
    f"n / (n + 2)), and a second round of {FROM_PHOTOS.second_round:.0%} of the steps"
)

EXPERIMENT = Experiment(
    name="photo-networks",
    title="Networks without a generator",
    question="What do the two networks know that a teacher on features of photos makes from a few labels?",
    cells=_cells(),
    measure=_measure,
    columns=(
        *(
            column
            for kind in ("teacher", "fast", "best")
            for column in (
                Column(f"{kind}: pooled IoU, %", f"{kind}_pooled"),
                Column("per photo, %", f"{kind}_per_picture"),
            )
        ),
        Column("fit, s", "fit_s"),
        Column("networks, s, of the last sitting", "networks_s"),
    ),
    notes=(
        f"The networks learn from 150 photos: {_SETTINGS}; {_ENCODER} reads photos at {_FEATURES_PX} px for "
        f"the teacher, and at {_HEAD_PX} px for the best network.",
        "Proposed: k-medoids over the features, as partly pictures gives them; of one label, the first ones "
        "of ten that show every part. Else labelled photos are drawn at random. Both are measured as in the "
        "experiment objects.",
        "Photos at their own size; the fast network looks at four sizes, mirrored, the encoder once; "
        "boundaries are refined.",
    ),
    reads_photos=True,
)
