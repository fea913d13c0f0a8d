"""Label maps or a network against the truth, with the page and the JSON that are kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from partly.data.labels import LabelMap
from partly.data.photos import Pixels, find_photos
from partly.errors import BadOption
from partly.evaluation.metrics import Evaluation
from partly.evaluation.report import evaluation_page
from partly.evaluation.segmentation import evaluate_folders, evaluate_network, read_truth_mapping
from partly.inference.segment import SegmentOptions, segment_photo
from partly.machine import PROCESSOR, Machine
from partly.project.evaluation_options import EvaluationChoices
from partly.project.photo_segmenters import segmenting_network
from partly.project.project_folder import is_project
from partly.project.segment_choices import SegmentChoice
from partly.storage import write_json, write_text

OnPhoto = Callable[[int, int], None]


def evaluate_against(
    what: Path,
    truths: Path,
    choices: EvaluationChoices,
    on_photo: OnPhoto | None = None,
    machine: Machine = PROCESSOR,
) -> Evaluation:
    """Evaluate a network (a project, or its model folder) or a folder of label maps.

    Args:
        what: is evaluated.
        truths: folder of label maps.
        choices: how.
        on_photo: told how many photos are done, and of how many.
        machine: on which a network works; if it is not the plain processor, a note says so.

    Raises:
        BadOption: photos for a network, or parts for label maps, are missing.
        PartlyError: as the readers of label maps, photos and networks.
    """
    if is_project(what) or (what / "model.json").is_file():
        return _evaluate_network(what, truths, choices, on_photo, machine)
    if choices.part_set is None:
        raise BadOption(
            "label maps are given without their parts",
            expected="a part set",
            remedy="Give --parts faces, or the project.toml of the project with --parts",
            path=what,
        )
    mapping = read_truth_mapping(choices.mapping, choices.part_set) if choices.mapping else None
    return evaluate_folders(
        what,
        truths,
        choices.part_set,
        photos=None if choices.photos is None else find_photos(choices.photos, max_pages=choices.max_pages),
        mapping=mapping,
        resize=choices.resize,
        n_worst=choices.n_worst,
        progress=on_photo,
    )


def _evaluate_network(
    what: Path, truths: Path, choices: EvaluationChoices, on_photo: OnPhoto | None, machine: Machine
) -> Evaluation:
    if choices.photos is None:
        raise BadOption(
            "a network is given without photos",
            expected="the photos that belong to the truth",
            remedy="Give --photos",
            path=what,
        )
    segmenting = segmenting_network(what, SegmentChoice(choices.segmenter, choices.anywhere))
    network = segmenting.network.for_inference()
    options = SegmentOptions(size_px=choices.size_px, mirror=choices.mirror_average)
    view = options.view(**segmenting.made_of)
    mapping = read_truth_mapping(choices.mapping, network.part_set) if choices.mapping else None
    photos = find_photos(choices.photos, max_pages=choices.max_pages)
    machine.place(network)
    if segmenting.finder is not None:
        machine.place(segmenting.finder)

    def predict(pixels: Pixels) -> LabelMap:
        with machine.precision():
            return segment_photo(network, pixels, **view, finder=segmenting.finder).label_map

    evaluation = evaluate_network(
        predict,
        photos,
        truths,
        network.part_set,
        mapping=mapping,
        resize=choices.resize,
        n_worst=choices.n_worst,
        progress=on_photo,
    )
    made_on = () if machine.is_plain else (f"Predicted on {machine.name}.",)
    return replace(evaluation, notes=(*evaluation.notes, *photos.told(), *made_on))


def write_evaluation(folder: Path, evaluation: Evaluation, what: Path, truths: Path) -> Path:
    """Write ``evaluation.json`` and ``evaluation.html``; returns the page's path."""
    write_json(folder / "evaluation.json", evaluation.to_json())
    page = folder / "evaluation.html"
    settings = {"evaluated": what, "truth": truths}
    write_text(page, evaluation_page(evaluation, title=f"Evaluation of {what.name}", settings=settings))
    return page
