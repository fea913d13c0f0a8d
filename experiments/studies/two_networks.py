"""Faces again, with the person's own photos: the fast network, and the best one with an encoder inside."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from experiments.auto_shot import LoadTeacher, pictures_digest, reports
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures, Row
from experiments.objects import N_FACES_TO_LEARN, object_photos
from experiments.photos import LabelledPhoto
from experiments.scoring import figures_of
from experiments.store import results_folder
from experiments.studies.faces import HEADLINE, both_counts, segmented
from partly.data.labels import FACE_PARTS, LabelMap
from partly.evaluation.report import evaluation_page
from partly.fewshot.acquisition import representative
from partly.fewshot.features import FeatureStore, PhotoFeatures
from partly.inference.segment import THOROUGH, EncoderNetwork, PartNetwork
from partly.models.zoo import load_encoder
from partly.storage import write_text
from partly.synthesis.distil import DistilConfig, OwnPhotos, PictureReader, distil, distil_head
from partly.synthesis.shards import Place

CONFIG = replace(HEADLINE, best=True)
"""The settings of the headline figures, with pictures as large as an encoder wants them."""

_ENCODER, _ENCODER_PX = "dinov2-small", 448
_N_DRAWS = 5
_LONG = 3600
_NAMES = ("fast", "best")


def _measure(bench: Bench, cell: Cell) -> Figures:
    started = time.monotonic()
    best = _networks(bench, cell)
    assert best.fast is not None
    figures: Figures = {"time_s": round(time.monotonic() - started, 1)}
    photos = [*bench.photos()][cell.settings["n_to_learn"] if bench.half == "choices" else 0 :]
    networks: tuple[PartNetwork, PartNetwork] = (best.fast.for_inference(), best.for_inference())
    for name, network in zip(_NAMES, networks, strict=True):
        started = time.monotonic()
        found = segmented(bench, photos, network, scales=THOROUGH, refine=True)
        figures[f"{name}_photo_s"] = round((time.monotonic() - started) / len(photos), 2)
        figures |= _scored(bench, cell, name, found)
    return figures


def _scored(bench: Bench, cell: Cell, name: str, found: Sequence[tuple[LabelledPhoto, LabelMap]]) -> Figures:
    """Figures of one network, each under its name; its worst photos as a page."""
    plain, with_glasses = both_counts(found)
    lead = f"{cell.key}, {name}, {bench.half} half, {plain.n_photos} photos at their own size"
    page = evaluation_page(plain, title="Faces", lead=lead)
    write_text(results_folder(bench.out, EXPERIMENT, bench.half) / f"{cell.key}-{name}.html", page)
    glasses = figures_of(with_glasses)
    return {f"{name}_{key}": value for key, value in figures_of(plain).items()} | {
        f"{name}_glasses_pooled": glasses["pooled"],
        f"{name}_glasses_per_photo": glasses["per_picture"],
    }


def _networks(bench: Bench, cell: Cell) -> EncoderNetwork:
    """The best network, with the fast one inside; after a stop, the same call goes on."""
    settings = cell.settings
    labels = settings["n_labels"], settings["draw"], settings.get("n_first")
    n_photos, config = settings["n_photos"], replace(CONFIG, n_steps=settings["config"]["n_steps"])
    teacher, own = bench.teacher(*labels), _own_photos(bench, n_photos)
    encoder = load_encoder(_ENCODER, _ENCODER_PX)
    reader = PictureReader(encoder, FeatureStore(bench.cache / "features"))
    name, pictures = bench.teacher_name(*labels), pictures_digest(config)
    digest = hashlib.sha256(json.dumps(settings["config"], sort_keys=True).encode()).hexdigest()[:12]
    folder = bench.cache / f"two-networks-{name}-{n_photos}" / digest
    place = Place(bench.cache / "pictures" / pictures, bench.cache / f"labels-of-{name}" / pictures, folder)
    load_teacher = LoadTeacher(bench.get_generator, bench.teacher_folder(*labels))
    result = distil(
        teacher,
        place,
        config,
        reports(bench.tell),
        encoder_weights=bench.get_encoder() if config.pretrained else None,
        load_teacher=load_teacher,
        n_workers=bench.n_workers,
        own=own,
    )
    head = distil_head(teacher, place, config, reader, result.network, own, reports(bench.tell))
    return EncoderNetwork(encoder, head, FACE_PARTS, result.network)


def _own_photos(bench: Bench, n_painted: int) -> OwnPhotos:
    """Photos of the choices half, of which some are painted: those that stand for the others."""
    encoder = load_encoder(_ENCODER, _ENCODER_PX)
    faces = object_photos(bench.data, "faces", encoder, bench.cache / "photo-features", bench.half)
    source = PhotoFeatures(encoder, faces.others, store=faces.store)
    if not n_painted:
        return OwnPhotos(source)
    proposals = representative(source, n_painted, n_candidates=len(faces.others))
    return OwnPhotos(source, [faces.annotation(str(one.picture.photo)) for one in proposals])


def _described(config: DistilConfig, n_photos: int) -> dict[str, Any]:
    """A config as plain JSON, without what says nothing where no photo is painted."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return {name: value for name, value in values.items() if n_photos or name != "painted_photo_share"}


def _cells() -> tuple[Cell, ...]:
    def cell(
        key: str, n_labels: int, draw: int, n_photos: int, config: DistilConfig = CONFIG, **more: Any
    ) -> Cell:
        settings: dict[str, Any] = {"n_labels": n_labels, "draw": draw, "n_photos": n_photos}
        settings |= {"n_to_learn": N_FACES_TO_LEARN, "config": _described(config, n_photos)}
        return Cell(key, settings | more)

    return (
        *(cell(f"one-label-{draw}", 1, draw, 0) for draw in range(_N_DRAWS)),
        cell("five-pictures-five-photos", 5, 0, 5),
        cell("one-picture-nine-photos", 1, 0, 9),
        cell("ten-pictures-long", 10, 0, 0, replace(CONFIG, n_steps=_LONG), n_first=5),
    )


def _remarks(rows: Sequence[Row]) -> list[str]:
    """The mean over the draws of one label."""
    draws = [row for row in rows if row.cell.settings.get("n_labels") == 1 and row.figures]
    draws = [row for row in draws if not row.cell.settings["n_photos"]]
    if len(draws) < 2:
        return []
    told = []
    for name in _NAMES:
        means = [np.mean([row.value(f"{name}_{of}") for row in draws]) for of in ("pooled", "per_picture")]
        told.append(f"{name} {means[0]:.1f} / {means[1]:.1f}")
    return [f"One label, mean of {len(draws)} draws, pooled / per photo: {', '.join(told)}."]


EXPERIMENT = Experiment(
    name="two-networks",
    title="Faces: the fast network and the best one",
    question="What does an encoder beside the generator give, and what do painted photos?",
    cells=_cells(),
    measure=_measure,
    columns=tuple(
        column
        for name in _NAMES
        for column in (
            Column(f"{name}: pooled IoU, %", f"{name}_pooled"),
            Column("per photo, %", f"{name}_per_picture"),
            *(Column(part, f"{name}_parts.{part}", 0) for part in FACE_PARTS.names),
            Column("eyeglasses as skin, pooled, %", f"{name}_glasses_pooled"),
            Column("s a photo", f"{name}_photo_s", 2),
        )
    ),
    notes=(
        f"{CONFIG.n_pictures} pictures, {CONFIG.n_steps} steps of {CONFIG.batch_size}, up to "
        f"{CONFIG.size_px} px, and a second round of {CONFIG.second_round:.0%} of them; the best network "
        f"is the mean of that network and a head on {_ENCODER} at {_ENCODER_PX} px.",
        f"{N_FACES_TO_LEARN} photos of the choices half are the person's own: some are painted (human "
        "masks), and of the others only mean and deviation of the features are taken. The choices half is "
        "measured on its other photos.",
        "Photos at their own size; the fast network looks at four sizes, mirrored, the encoder once; "
        "boundaries are refined. Labels of pictures are the parser's.",
    ),
    remarks=_remarks,
    reads_photos=True,
)
