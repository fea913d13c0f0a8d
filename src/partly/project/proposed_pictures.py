"""Pictures and photos proposed for labelling: PNGs named by id, each with a JSON of the same name.

The JSON of a generated picture has its latent, that of a photo the photo's name and digest. The PNG of a
photo is what is painted on: it has the photo's own shape, and stays when the photo moves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from partly.data.labels import (
    Annotation,
    LabelMap,
    Picture,
    annotation_id_from,
    is_same_latent,
    latent_from_json,
    latent_to_json,
)
from partly.data.photos import (
    PhotoSource,
    Pixels,
    bare_name,
    grid,
    read_photo,
    resize_pixels,
    thumbnail,
    write_png,
)
from partly.errors import BadLabel, BadModelFile, BadOption, BadProject
from partly.project.annotations_of_project import annotations_to_fit
from partly.project.picture_options import MOST_PAINTED_PX, PicturesRequest
from partly.project.pictures_by_doubt import by_doubt
from partly.project.project_folder import Project
from partly.project.real_pictures import worth_labelling
from partly.storage import parsed_json, read_json_or_none, write_text

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.fewshot.features import GeneratorFeatures
    from partly.machine import Machine
    from partly.models.generators import Generator

SHEET_NAME = "contact-sheet.png"
_SHEET_PX = 256
_SMALL_PX = 128


@dataclass(frozen=True, eq=False)
class ProposedPicture:
    """A generated picture, or a photo, in the project's folder of pictures.

    Attributes:
        id: its name, and that of an annotation of it.
        path: the PNG.
        shape: its height and width in pixels, which its label maps have too.
        w: its latent, float32 ``[l, v]``; None for a photo.
        generator_digest: of the generator that made it; None for a photo.
        photo: the photo's name in the project's folder of photos; None for a generated picture.
        photo_sha256: digest of the photo's file.
        kind: the class or code that the generator was asked for; None: none, or it is not known.
    """

    id: str
    path: Path
    shape: tuple[int, int]
    w: npt.NDArray[np.float32] | None = None
    generator_digest: str | None = None
    photo: str | None = None
    photo_sha256: str | None = None
    kind: str | None = None

    @property
    def pictured(self) -> Picture:
        """What features are made of."""
        return Picture(self.id, self.w, self.generator_digest, self.photo, self.photo_sha256, kind=self.kind)

    def annotation(self, label_map: LabelMap) -> Annotation:
        """A label map ``[h, w]`` of it, with what it belongs to."""
        return Annotation(self.id, label_map, self.w, self.generator_digest, self.photo, self.photo_sha256)

    @property
    def is_small(self) -> bool:
        """Whether it is generated, and parts of it are a few pixels only, on which one paints coarsely."""
        return self.w is not None and max(self.shape) < _SMALL_PX

    @property
    def pixels(self) -> Pixels:
        """The picture, uint8 ``[h, w, 3]``."""
        return read_photo(self.path).pixels


def propose_pictures(
    project: Project,
    generator: Generator,
    request: PicturesRequest,
    on_progress: Callable[[str, int, int], None] | None = None,
    machine: Machine | None = None,
) -> list[ProposedPicture]:
    """Choose the pictures that are best labelled, and write them with a contact sheet; best first.

    Args:
        project: whose folder of pictures is written to.
        generator: makes them.
        request: how many, and which.
        on_progress: told what is done, how much of it and of how much.
        machine: looks at the candidates; None: where the generator is.

    Raises:
        BadOption: more pictures than candidates, or smaller ones than the generator's.
        BadModelFile: ``unsure`` before anything was fitted.
    """
    from partly.fewshot.acquisition import propose
    from partly.fewshot.features import GeneratorFeatures

    def report(done: int, total: int) -> None:
        if on_progress:
            on_progress("looking at candidates", done, total)

    if request.size_px is not None and request.size_px < generator.image_size_px:
        raise BadOption(
            f"pictures of {request.size_px} px, of a generator of {generator.image_size_px} px",
            expected=f"{generator.image_size_px} or more",
        )
    n, seed = request.n_pictures, request.seed
    options: dict[str, Any] = {"on_progress": report}
    if request.n_candidates is not None:
        options["n_candidates"] = request.n_candidates
    if request.truncation is not None:
        options["truncation"] = request.truncation
    source = GeneratorFeatures(generator, machine)
    if request.by_doubt:
        chosen = _unsure(project, source, request, **options)
    else:
        worth = worth_labelling(project, source)
        chosen = propose(source, n, seed, together=request.together, worth=worth, **options)
    pictures = []
    for done, proposal in enumerate(chosen, start=1):
        name = _picture_id(proposal, is_default=request.truncation is None and not request.by_doubt)
        pictures.append(_kept(project, generator, name, proposal, request.size_px))
        if on_progress:
            on_progress("writing pictures", done, len(chosen))
    write_sheet(project.pictures / SHEET_NAME, pictures)
    return pictures


def _kept(
    project: Project, generator: Generator, name: str, proposal: Proposal, size_px: int | None
) -> ProposedPicture:
    """The picture of a proposal as a file of the project."""
    w, facts = proposal.w[0].numpy(), proposal_facts(proposal)
    try:
        return keep_picture(project, generator, name, w, facts, size_px)
    except BadProject:
        is_same_stream = facts_of(project, name).get("purpose") == proposal.purpose
        if find_picture(project, name).generator_digest != generator.digest or is_same_stream:
            raise
        # The same seed and index of another random stream, or of version 0.1.
        name = f"{name}-{w.tobytes().hex()[:8]}"
        return keep_picture(project, generator, name, w, facts, size_px)


def _unsure(
    project: Project, source: GeneratorFeatures, request: PicturesRequest, **options: Any
) -> Sequence[Proposal]:
    """Pictures that the project's segmenter is unsure of, and that are not labelled yet."""
    from partly.fewshot.fitting import Teacher

    try:
        teacher = Teacher.load(project.few_shot)
    except BadModelFile as error:
        raise BadModelFile(
            f"cannot tell what it is unsure of ({error.found})",
            remedy=f"Fit the labelled pictures first: partly fit {project.folder}",
            path=project.few_shot,
        ) from error
    source.machine.place(teacher.segmenter)
    annotations = annotations_to_fit(project)
    for annotation in annotations:
        source.check(annotation)
    return by_doubt(project, source, teacher, request, known=annotations, **options)


def keep_picture(
    project: Project,
    generator: Generator,
    name: str,
    w: npt.NDArray[np.float32],
    facts: dict[str, Any] | None = None,
    size_px: int | None = None,
) -> ProposedPicture:
    """The picture of a latent as a file of the project, made unless it is there.

    Args:
        project: whose folder of pictures is written to.
        generator: makes it.
        name: its id.
        w: its latent ``[l, v]``.
        facts: what else is written down about it.
        size_px: its side, if it shall be painted on at another than that of the generator. One that is there
            stays as it is, and one that is labelled has the size of its label map.

    Raises:
        BadProject: another picture of that name is there.
    """
    if name in picture_ids(project):
        known = find_picture(project, name)
        if not is_the_same(known, w, generator.digest):
            raise BadProject(
                "is another picture, of another latent or generator",
                expected="the same picture under the same name",
                remedy="Move the folder of pictures away, and ask for pictures again",
                path=known.path,
            )
        return known
    path = project.pictures / f"{name}.png"
    pixels = picture_pixels(generator, w)
    size_px = _labelled_px(project, name) or size_px
    if size_px is not None:
        pixels = resize_pixels(pixels, size_px, size_px)
    write_png(path, pixels)
    record = {
        "id": name,
        **(facts or {}),
        "generator_digest": generator.digest,
        "size_px": pixels.shape[0],
        "w": latent_to_json(w),
    }
    write_text(_record_path(project, name), json.dumps(record) + "\n")
    return ProposedPicture(
        name, path, pixels.shape[:2], w, generator.digest, kind=_kind_of((facts or {}).get("kind"))
    )


def _labelled_px(project: Project, name: str) -> int | None:
    """Side of the label map that a picture has already, if its file was moved away; None: it has none."""
    sizes = (read_json_or_none(project.annotations / f"{name}.json") or {}).get("size_px")
    return int(sizes[0]) if isinstance(sizes, list) and sizes else None


def is_the_same(picture: ProposedPicture, w: npt.NDArray[np.float32], generator_digest: str) -> bool:
    """Whether a picture is of this latent, as another processor may have rounded it, and this generator."""
    same_latent = picture.w is not None and is_same_latent(picture.w, w)
    return same_latent and picture.generator_digest == generator_digest


def keep_photo(project: Project, photo: PhotoSource, facts: dict[str, Any] | None = None) -> ProposedPicture:
    """A photo as a picture of the project that can be painted on, made unless it is there.

    It is shown at its own shape, reduced if its longer side has more than 2,048 pixels.

    Args:
        project: whose folder of pictures is written to.
        photo: one of the project's photos.
        facts: what else its JSON says: plain values.

    Raises:
        BadPhoto: it cannot be read.
    """
    digest = photo.digest()
    name = annotation_id_from(bare_name(photo.name))
    if name in picture_ids(project):
        known = find_picture(project, name)
        if known.photo_sha256 == digest:
            return known
        # Another photo, or the same one as it was before: names differ in what no file name can have.
        name = f"{name[:90]}-{digest[:8]}"
        if name in picture_ids(project):
            return find_picture(project, name)
    pixels = thumbnail(photo.read().pixels, MOST_PAINTED_PX)
    path = project.pictures / f"{name}.png"
    write_png(path, pixels)
    record = {
        "id": name,
        **(facts or {}),
        "photo": photo.name,
        "photo_sha256": digest,
        "size_px": [pixels.shape[1], pixels.shape[0]],
    }
    write_text(_record_path(project, name), json.dumps(record, ensure_ascii=False) + "\n")
    return ProposedPicture(name, path, pixels.shape[:2], photo=photo.name, photo_sha256=digest)


def painted_shape(photo: PhotoSource) -> tuple[int, int]:
    """Height and width at which a photo is painted on; see :func:`keep_photo`.

    Raises:
        BadPhoto: it cannot be read.
    """
    return thumbnail(photo.read().pixels, MOST_PAINTED_PX).shape[:2]


def picture_pixels(generator: Generator, w: npt.NDArray[np.float32]) -> Pixels:
    """The picture of a latent ``[l, v]``, uint8 ``[h, w, 3]``."""
    import torch

    from partly.models.generators import pixels_of

    with torch.inference_mode():
        latent = torch.from_numpy(w)[None].to(generator.w_mean.device)
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
        record = parsed_json(path.read_bytes())
        picture = project.pictures / f"{name}.png"
        if "photo" in record:
            width, height = map(int, record["size_px"])
            photo, digest = str(record["photo"]), str(record["photo_sha256"])
            return ProposedPicture(name, picture, (height, width), photo=photo, photo_sha256=digest)
        w, side = latent_from_json(record["w"]), int(record["size_px"])
        if w is None:
            raise ValueError("no latent")
        kind = _kind_of(record.get("kind"))
        return ProposedPicture(name, picture, (side, side), w, str(record["generator_digest"]), kind=kind)
    except (ValueError, KeyError, TypeError, BadLabel) as error:
        raise BadProject(
            f"is damaged ({error})",
            remedy="Delete it, and run partly pictures again with the same seed",
            path=path,
        ) from error


def _kind_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


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
    captions = [
        f"{place}. {picture.id}" + (f" ({picture.kind})" if picture.kind else "")
        for place, picture in enumerate(pictures, start=1)
    ]
    write_png(path, grid(cells, captions=captions))


def _picture_id(proposal: Proposal, *, is_default: bool) -> str:
    name = f"picture-{proposal.seed}-{proposal.index}"
    return name if is_default else f"{name}-t{round(1000 * proposal.truncation)}"


def facts_of(project: Project, name: str) -> dict[str, Any]:
    """What is written down about a picture of the project, as it stands there."""
    return read_json_or_none(_record_path(project, name)) or {}


def proposal_facts(proposal: Proposal) -> dict[str, Any]:
    """What is written down about a proposed picture, plain JSON values: how it can be made again, and why."""
    return {
        "purpose": proposal.purpose,
        "seed": proposal.seed,
        "index": proposal.index,
        "truncation": proposal.truncation,
        "score": proposal.score,
        **({"kind": proposal.picture.kind} if proposal.picture.kind is not None else {}),
    }


def _cell(pixels: Pixels) -> Pixels:
    """At the size of the sheet's cells; small pictures as large as whole multiples allow."""
    times = max(1, _SHEET_PX // max(pixels.shape[:2]))
    return thumbnail(pixels.repeat(times, axis=0).repeat(times, axis=1), _SHEET_PX)
