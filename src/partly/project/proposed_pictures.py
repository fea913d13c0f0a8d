"""Pictures proposed for labelling: PNGs named by id, each with its latent in a JSON of the same name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from partly.data.labels import Picture, latent_from_json, latent_to_json, list_annotations
from partly.data.photos import Pixels, grid, read_photo, thumbnail, write_png
from partly.errors import BadLabel, BadModelFile, BadProject
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import Project
from partly.storage import read_json_or_none, write_text

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.models.generators import Generator

SHEET_NAME = "contact-sheet.png"
_SHEET_PX = 256


@dataclass(frozen=True, eq=False)
class ProposedPicture:
    """A generated picture in the project's folder of pictures.

    Attributes:
        id: its name, and that of an annotation of it.
        path: the PNG.
        w: its latent, float32 ``[l, v]``.
        generator_digest: of the generator that made it.
        size_px: its side.
    """

    id: str
    path: Path
    w: npt.NDArray[np.float32]
    generator_digest: str
    size_px: int

    @property
    def pictured(self) -> Picture:
        """What features are made of."""
        return Picture(self.id, self.w, self.generator_digest)

    @property
    def pixels(self) -> Pixels:
        """The picture, uint8 ``[h, w, 3]``."""
        return read_photo(self.path).pixels


def propose_pictures(
    project: Project,
    generator: Generator,
    request: PicturesRequest,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> list[ProposedPicture]:
    """Choose the pictures that are best labelled, and write them with a contact sheet; best first.

    Args:
        project: whose folder of pictures is written to.
        generator: makes them.
        request: how many, and which.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadOption: more pictures than candidates.
        BadModelFile: ``unsure`` before anything was fitted.
    """
    from partly.fewshot.acquisition import propose
    from partly.fewshot.features import GeneratorFeatures
    from partly.models.generators import Truncation

    def report(done: int, total: int) -> None:
        if on_progress:
            on_progress("looking at candidates", done, total)

    n, seed = request.n_pictures, request.seed
    options: dict[str, Any] = {"on_progress": report}
    if request.n_candidates is not None:
        options["n_candidates"] = request.n_candidates
    if request.truncation is not None:
        options["truncation"] = Truncation(*request.truncation)
    if request.unsure:
        chosen = _unsure(project, generator, n, seed, **options)
    else:
        source = GeneratorFeatures(generator)
        chosen = propose(source, n, seed, together=request.together, **options)
    pictures = []
    for done, proposal in enumerate(chosen, start=1):
        name = _picture_id(proposal, is_default=request.truncation is None and not request.unsure)
        pictures.append(_kept(project, generator, name, proposal))
        if on_progress:
            on_progress("writing pictures", done, len(chosen))
    write_sheet(project.pictures / SHEET_NAME, pictures)
    return pictures


def _kept(project: Project, generator: Generator, name: str, proposal: Proposal) -> ProposedPicture:
    """The picture of a proposal as a file of the project."""
    w, facts = proposal.w[0].numpy(), _facts(proposal)
    try:
        return keep_picture(project, generator, name, w, facts)
    except BadProject:
        is_same_stream = _facts_of(project, name).get("purpose") == proposal.purpose
        if find_picture(project, name).generator_digest != generator.digest or is_same_stream:
            raise
        # The same seed and index of another random stream, or of version 0.1.
        return keep_picture(project, generator, f"{name}-{w.tobytes().hex()[:8]}", w, facts)


def _unsure(
    project: Project, generator: Generator, n_pictures: int, seed: int, **options: Any
) -> list[Proposal]:
    """Pictures that the project's segmenter is unsure of, and that are not labelled yet."""
    from partly.fewshot.acquisition import propose_unsure
    from partly.fewshot.features import GeneratorFeatures
    from partly.fewshot.fitting import load_segmenter

    try:
        segmenter = load_segmenter(project.few_shot)[0]
    except BadModelFile as error:
        raise BadModelFile(
            f"cannot tell what it is unsure of ({error.found})",
            remedy=f"Fit the labelled pictures first: partly fit {project.folder}",
            path=project.few_shot,
        ) from error
    annotations = list_annotations(project.annotations, project.part_set)
    source = GeneratorFeatures(generator)
    for annotation in annotations:
        source.check(annotation)
    return propose_unsure(source, segmenter, n_pictures, seed, known=annotations, **options)


def keep_picture(
    project: Project,
    generator: Generator,
    name: str,
    w: npt.NDArray[np.float32],
    facts: dict[str, Any] | None = None,
) -> ProposedPicture:
    """The picture of a latent as a file of the project, made unless it is there.

    Raises:
        BadProject: another picture of that name is there.
    """
    if name in picture_ids(project):
        known = find_picture(project, name)
        if known.generator_digest != generator.digest or known.w.tobytes() != w.tobytes():
            raise BadProject(
                "is another picture, of another latent or generator",
                expected="the same picture under the same name",
                remedy="Move the folder of pictures away, and ask for pictures again",
                path=known.path,
            )
        return known
    path = project.pictures / f"{name}.png"
    pixels = picture_pixels(generator, w)
    write_png(path, pixels)
    record = {
        "id": name,
        **(facts or {}),
        "generator_digest": generator.digest,
        "size_px": pixels.shape[0],
        "w": latent_to_json(w),
    }
    write_text(_record_path(project, name), json.dumps(record) + "\n")
    return ProposedPicture(name, path, w, generator.digest, pixels.shape[0])


def picture_pixels(generator: Generator, w: npt.NDArray[np.float32]) -> Pixels:
    """The picture of a latent ``[l, v]``, uint8 ``[h, w, 3]``."""
    import torch

    from partly.models.generators import pixels_of

    with torch.inference_mode():
        latent = torch.from_numpy(w)[None]
        return pixels_of(generator.synthesise(latent, features_px=generator.levels[0].size_px))


def find_picture(project: Project, name: str) -> ProposedPicture:
    """A picture of the project by its id.

    Raises:
        BadLabel: there is none; the known ones are listed.
        BadProject: its JSON is damaged.
    """
    path = _record_path(project, name)
    if name not in picture_ids(project):
        raise unknown_picture(project, name)
    try:
        record = json.loads(path.read_bytes())
        w = latent_from_json(record["w"])
        if w is None:
            raise ValueError("no latent")
        return ProposedPicture(
            name, project.pictures / f"{name}.png", w, str(record["generator_digest"]), int(record["size_px"])
        )
    except (ValueError, KeyError, TypeError, BadLabel) as error:
        raise BadProject(
            f"is damaged ({error})",
            remedy="Delete it, and run partly pictures again with the same seed",
            path=path,
        ) from error


def unknown_picture(project: Project, name: str) -> BadLabel:
    """The error of a picture that the project does not have."""
    known = picture_ids(project)
    return BadLabel(
        f"there is no picture {name!r} in the project",
        expected=f"one of {', '.join(known)}" if known else "a picture that partly pictures wrote",
        remedy="Name the picture with --picture" if known else f"Run: partly pictures {project.folder}",
        path=project.pictures,
    )


def picture_ids(project: Project) -> list[str]:
    """Ids of the complete pictures, those with PNG and JSON, sorted."""
    records = (path.stem for path in project.latents.glob("*.json") if not path.name.startswith("."))
    return sorted(name for name in records if (project.pictures / f"{name}.png").is_file())


def _record_path(project: Project, name: str) -> Path:
    return project.latents / f"{name}.json"


def write_sheet(path: Path, pictures: Sequence[ProposedPicture]) -> None:
    """Write all pictures, small, with their ids below them, as one PNG."""
    cells = [_cell(picture.pixels) for picture in pictures]
    captions = [f"{place}. {picture.id}" for place, picture in enumerate(pictures, start=1)]
    write_png(path, grid(cells, captions=captions))


def _picture_id(proposal: Proposal, *, is_default: bool) -> str:
    name = f"picture-{proposal.seed}-{proposal.index}"
    return name if is_default else f"{name}-t{round(1000 * proposal.truncation)}"


def _facts_of(project: Project, name: str) -> dict[str, Any]:
    """What is written down about a picture of the project, as it stands there."""
    return read_json_or_none(_record_path(project, name)) or {}


def _facts(proposal: Proposal) -> dict[str, Any]:
    return {
        "purpose": proposal.purpose,
        "seed": proposal.seed,
        "index": proposal.index,
        "truncation": proposal.truncation,
        "score": proposal.score,
    }


def _cell(pixels: Pixels) -> Pixels:
    """At the size of the sheet's cells; small pictures as large as whole multiples allow."""
    times = max(1, _SHEET_PX // max(pixels.shape[:2]))
    return thumbnail(pixels.repeat(times, axis=0).repeat(times, axis=1), _SHEET_PX)
