"""Segmenting many photos into a folder of results, resumably; a broken photo does not stop the others."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from torch import nn

from partly.data.label_formats import format_named
from partly.data.photos import Photo, PhotoSource, output_name
from partly.errors import BadOption, BadPhoto, PartlyError
from partly.inference.segment.drafts import SegmentedPhoto, write_drafts
from partly.inference.segment.output_kinds import kinds_asked_for
from partly.inference.segment.part_areas import areas_entry, write_areas
from partly.inference.segment.segment_options import AreasFormat, OutputOptions, ProbabilityFormat
from partly.inference.segment.segment_photo_file import PartNetwork, View, network_size_px, segment_photo
from partly.inference.segment.segment_records import PhotoOutputs, Progress, State, Summary, prepare_folder
from partly.inference.segment.segmentation import Segmentation
from partly.storage import digest_of

RECORD_VERSION = 2  # 1: deep TIFFs may have been read wrongly
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
# A photo's name that the file system cannot take, or that is in the way of another's.
_BAD_NAME = {
    errno.ENAMETOOLONG,
    errno.EILSEQ,
    errno.EINVAL,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EEXIST,
}


def segment_all(
    network: PartNetwork,
    sources: Iterable[PhotoSource],
    out_folder: str | Path,
    *,
    overlay: bool = True,
    masks: bool = False,
    probabilities: ProbabilityFormat | None = None,
    cutout: str | Sequence[str] = (),
    areas: AreasFormat | None = "json",
    draft_format: str | None = None,
    alone: bool = True,
    progress: Callable[[Progress], None] | None = None,
    **view: Unpack[View],
) -> Summary:
    """Segment photos one by one into ``labels/``, ``overlays/`` and ``areas.json`` or ``areas.csv``.

    ``sub/a.jpg`` becomes ``labels/sub/a.png`` and ``overlays/sub/a.jpg``; where ``sub/a.png`` is there too,
    that one keeps its suffix: ``labels/sub/a.png.png``. Page 3 of ``sub/a.tif``, or frame 3 of ``sub/a.gif``,
    becomes ``labels/sub/a-p0003.png``. Masks, probabilities and cutouts have folders of their own, and in
    them one for each part, called as the part is, with ``_`` for what is no letter, digit, space or one of
    ``-.()``.

    Files are written atomically, and a photo's record (in ``.partly/segment/``, with the digests of photo and
    network and the options) last. The same call again segments what is not recorded yet, changed or missing,
    and ends at the same files. Two calls must not write to one folder at the same time, unless both are not
    ``alone`` and have other photos.

    Args:
        network: an auto-shot network; one without a ``digest`` or weights to take it of segments all again.
        sources: where the photos are: :func:`partly.data.photos.find_photos`.
        out_folder: the folder of results.
        overlay: also write the parts' colours over the photo.
        masks: also write ``masks/PART/sub/a.png``: 8 bits, 255 where the part is.
        probabilities: also write them: "png" as ``probabilities/PART/sub/a.png`` (16 bits, 65535 is 1), "npz"
            as ``probabilities/sub/a.npz`` (``probabilities`` float16 ``[k, h, w]``, and ``parts``). Over all
            parts they sum to 1, but for rounding.
        cutout: a part, or several, that are cut out of the photo together, into ``cutouts/PART/sub/a.png`` or
            ``cutouts/PART+PART/sub/a.png``: RGBA; see :meth:`Segmentation.opacity`.
        areas: how areas and mean confidences of the parts are written.
        draft_format: a label format in which the label maps are written too, as drafts; see
            :func:`~partly.inference.segment.drafts.write_drafts`.
        alone: nothing else writes to the folder, so that what is half-written was left by a killed call.
        progress: called after each photo.
        **view: ``size_px``, ``mirror_average``, ``scales`` and ``refine``; see :func:`segment_photo`.

    Returns:
        What was done; photos that cannot be read are listed in ``failed``, those with a fault beside their
        pixels in ``mended``.

    Raises:
        BadOption: an unknown ``areas``, ``probabilities``, ``draft_format`` or part, or ``size_px`` below 1.
        BadLabel: a table of classes or colours that is there does not fit the drafts.
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    if areas not in ("json", "csv", None):
        raise BadOption(f"areas is {areas!r}", expected="json, csv or None")
    if draft_format is not None:
        format_named(draft_format)
    parts = (cutout,) if isinstance(cutout, str) else tuple(cutout)
    asked_for = OutputOptions(overlay=overlay, masks=masks, probabilities=probabilities, cutout=parts)
    kinds = kinds_asked_for(network.part_set, asked_for)
    options: dict[str, Any] = {
        "size_px": network_size_px(network, view.get("size_px")),
        "mirror_average": view.get("mirror_average", True),
        "scales": view.get("scales", (1.0,)),
        "refine": view.get("refine", False),
    }
    folder = Path(out_folder)
    with _writing_to(folder):
        prepare_folder(folder, kinds, clear=alone)
    key = _key(network, options)
    fast = network.for_inference() if hasattr(network, "for_inference") else network
    segment = partial(segment_photo, fast, **options)
    n_photos = len(sources) if isinstance(sources, Collection) else None
    names: dict[State, list[str]] = {"segmented": [], "kept": [], "failed": []}
    failed: list[tuple[str, str]] = []
    entries: list[dict[str, Any]] = []
    done: list[SegmentedPhoto] = []
    taken: set[str] = set()
    for n_done, source in enumerate(sources, start=1):
        outputs = PhotoOutputs(folder, output_name(source.name, taken), kinds)
        try:
            state, entry = _segment_source(source, outputs, key, segment)
            entries.append({"photo": source.name} | entry)
            done.append(SegmentedPhoto(source.name, outputs.name, folder / outputs.files[0]))
        except (BadPhoto, MemoryError) as error:
            outputs.discard()
            failed.append((source.name, _reason(error, source)))
            state = "failed"
        names[state].append(source.name)
        if progress:
            progress(Progress(source.name, state, n_done, n_photos))
    drafts: list[Path] = []
    if draft_format is not None:
        with _writing_to(folder):
            drafts = write_drafts(folder, draft_format, done, network.part_set)
    areas_path = folder / f"areas.{areas}" if areas else None
    if areas_path:
        with _writing_to(folder):
            write_areas(areas_path, key, entries, failed)
    mended = tuple((entry["photo"], note) for entry in entries for note in entry.get("mended", ()))
    return Summary(
        folder,
        tuple(names["segmented"]),
        tuple(names["kept"]),
        tuple(failed),
        areas_path,
        mended,
        tuple(drafts),
    )


def network_digest(network: PartNetwork) -> str | None:
    """SHA-256 by which a network is known: its own, else that of its weights; None where it has neither."""
    digest = getattr(network, "digest", None)
    if isinstance(digest, str):
        return digest
    if isinstance(network, nn.Module):
        return digest_of(network.state_dict())
    return None


def _key(network: PartNetwork, options: Mapping[str, Any]) -> dict[str, Any]:
    """What results depend on, besides the photo."""
    return {
        "version": RECORD_VERSION,
        "network_sha256": network_digest(network),
        "part_set": network.part_set.to_json(),
        **options,
        "scales": [round(float(scale), 4) for scale in options["scales"]],
    }


def _segment_source(
    source: PhotoSource,
    outputs: PhotoOutputs,
    key: Mapping[str, Any],
    segment: Callable[[Photo], Segmentation],
) -> tuple[State, dict[str, Any]]:
    """Segment one photo, unless an earlier run did; gives its entry in the file of areas."""
    # The digest before the pixels: a file that is replaced between them is segmented again the next time.
    key = {**key, "photo_sha256": source.digest()}
    if entry := outputs.finished(key):
        return "kept", entry
    photo = replace(source.read(), sha256=key["photo_sha256"])
    segmentation = segment(photo)
    entry = areas_entry(outputs.files[0], segmentation.areas(), photo)
    with _writing_to(outputs.folder, source):
        outputs.write(photo, segmentation, key, entry)
    return "segmented", entry


def _reason(error: BadPhoto | MemoryError, source: PhotoSource) -> str:
    return str(error) if isinstance(error, BadPhoto) else f"{source.location}: does not fit into memory."


@contextmanager
def _writing_to(folder: Path, source: PhotoSource | None = None) -> Iterator[None]:
    """Errors of the file system as errors that say what to do.

    Raises:
        BadPhoto: the results of the photo ``source`` cannot have the name that its name gives them.
        PartlyError: anything else, such as a full disk.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_SPACE:
            raise PartlyError(
                "no space is left on the disk",
                remedy="Free some space and run the same command again: finished photos are kept",
                path=folder,
            ) from error
        if source is not None and error.errno in _BAD_NAME:
            raise BadPhoto(
                f"its results cannot be written under its name ({reason})",
                remedy="Rename the photo",
                path=source.location,
            ) from error
        raise PartlyError(
            f"cannot be written ({reason})",
            remedy="Choose another folder, or mend its permissions, and run the same command again",
            path=error.filename or folder,
        ) from error
