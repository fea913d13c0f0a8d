"""How well a generator of faces serves segmentation, without a person: an annotator labels five pictures.

All generators get the same: as many proposed pictures, the same annotator, fit, training and photos. Labelled
are those in which the annotator sees most parts, since of a poor generator none may show them all.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.auto_shot import LoadTeacher, reports
from experiments.bench import Bench
from experiments.experiment import Figures
from experiments.photos import photos
from experiments.scoring import by_segmenter, photo_figures, unseen_figures
from partly.data.labels import FACE_PARTS
from partly.errors import BadLabel, BadModelFile
from partly.fewshot.fitting import FewShotConfig, Teacher
from partly.inference.invert import InvertOptions, chosen_distance
from partly.inference.segment import GeneratorNetwork
from partly.models.networks import AutoShotNetwork, load_network
from partly.synthesis.distil import DistilConfig, distil
from partly.synthesis.shards import Place

N_LABELS, N_PHOTOS, PHOTO_PX = 5, 250, 256
CHOSEN = "most parts"
N_THROUGH, N_SEARCH_STEPS = 15, 60
# What docs/lab.md found best for a generator of 64 px, which has few channels.
FIT = FewShotConfig(methods=("kernel",), allow_missing_parts=True)
TRAINING = DistilConfig(
    n_pictures=300, size_px=128, n_steps=600, painted_share=0.6, recolour_parts=0.5, seed=1
)


def segmentation_figures(bench: Bench) -> Figures:
    """What the bench's generator gives: IoU of its few-shot segmenter, and of the network made from it.

    Two figures of the segmenter: agreement with the annotator on unseen pictures, and IoU on photos through
    the generator, by a short search for each. Photos are those of the choices half alone.

    Args:
        bench: of the generator, see :meth:`Bench.of_generator`.

    Returns:
        Per cent by name; where the annotator sees fewer than two parts, a sentence in place of them.
    """
    try:
        teacher = _teacher(bench)
    except BadLabel as error:
        return {"no_segmenter": str(error)}
    network = _network(bench, teacher)
    few_shot = unseen_figures(
        by_segmenter(bench.generator, teacher.segmenter, bench.protocol.label_px), bench.unseen()
    )
    auto_shot = photo_figures(network, photos(bench.data, "choices", N_PHOTOS), PHOTO_PX)
    through = photo_figures(
        _through(bench, teacher), photos(bench.data, "choices", N_THROUGH), PHOTO_PX, mirror_average=False
    )
    return {
        "parts_labelled": _n_parts(teacher),
        "few_shot": few_shot,
        "through": through,
        "auto_shot": auto_shot,
    }


def _teacher(bench: Bench) -> Teacher:
    labels = bench.labels_with_most_parts(N_LABELS)
    folder = bench.cache / f"teacher-of-most-parts-{N_LABELS}"
    try:
        teacher = Teacher.load(folder, bench.generator)
    except BadModelFile:
        segmenter = bench.fit(labels, FIT)
        Teacher(segmenter, FACE_PARTS, source_digest=bench.generator.digest).save(folder)
        teacher = Teacher.load(folder, bench.generator)
    return replace(teacher, annotations=labels)


def _network(bench: Bench, teacher: Teacher) -> AutoShotNetwork:
    folder = bench.cache / f"network-of-most-parts-{N_LABELS}"
    try:
        return load_network(folder).for_inference()
    except BadModelFile:
        pass
    place = Place(folder / "pictures", folder / "labels", folder / "training")
    result = distil(
        teacher,
        place,
        TRAINING,
        reports(bench.tell),
        encoder_weights=bench.get_encoder() if TRAINING.pretrained else None,
        load_teacher=LoadTeacher(bench.get_generator, _folder_of(teacher)),
        n_workers=bench.n_workers,
    )
    result.network.save(folder, {"time_s": result.time_s})
    return result.network.for_inference()


def _folder_of(teacher: Teacher) -> Path:
    assert teacher.folder is not None, "it was read from a folder"
    return teacher.folder


def _through(bench: Bench, teacher: Teacher) -> GeneratorNetwork:
    options = InvertOptions(n_steps=N_SEARCH_STEPS)
    distance = chosen_distance(options.distance, options.compared_px).distance
    return GeneratorNetwork(bench.generator, teacher.segmenter, FACE_PARTS, options, distance)


def _n_parts(teacher: Teacher) -> int:
    """How many parts the annotator saw in any of the labelled pictures."""
    seen = [np.unique(annotation.label_map) for annotation in teacher.annotations]
    return int((np.unique(np.concatenate(seen)) < FACE_PARTS.n_parts).sum())
