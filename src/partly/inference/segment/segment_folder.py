"""Segmenting many photos into a folder of results, resumably; a broken photo does not stop the others."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from torch import nn

from partly.data.label_formats import format_named
from partly.data.photos import Photo, PhotoSource, output_name
from partly.errors import BadOption, BadPhoto, PartlyError
from partly.inference.segment.batched_network import BatchedNetwork
from partly.inference.segment.drafts import SegmentedPhoto, drafts_need_objects, write_drafts
from partly.inference.segment.object_entries import object_numbers
from partly.inference.segment.object_kinds import ObjectMaps
from partly.inference.segment.output_kinds import kinds_asked_for
from partly.inference.segment.part_areas import areas_entry, write_areas
from partly.inference.segment.photos_at_once import in_order
from partly.inference.segment.segment_options import AreasFormat, OutputOptions, ProbabilityFormat
from partly.inference.segment.segment_photo_file import (
    PartNetwork,
    View,
    in_eval_mode,
    network_size_px,
    segment_photo,
)
from partly.inference.segment.segment_records import (
    PhotoOutputs,
    Progress,
    ResultsGone,
    State,
    Summary,
    prepare_folder,
)
from partly.inference.segment.segmentation import Segmentation
from partly.inference.segment.taken_places import TakenPlaces
from partly.machine import PROCESSOR, Machine, is_out_of_memory, usable_processors
from partly.storage import digest_of

RECORD_VERSION = 2  # 1: deep TIFFs may have been read wrongly
_AT_ONCE_ON_GPU = 32  # photos that are read, wait for the GPU, or are written
_USUAL_PIXELS = 25_000_000
"""Of larger photos, one at a time is in memory: 8 bytes a pixel, and more with masks and overlays."""
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
    objects: bool = False,
    crops: bool = False,
    upright: bool = False,
    looks_for_objects: bool = False,
    areas: AreasFormat | None = "json",
    draft_format: str | None = None,
    alone: bool = True,
    progress: Callable[[Progress], None] | None = None,
    at_once: int | None = None,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] = lambda _: None,
    **view: Unpack[View],
) -> Summary:
    """Segment photos into ``labels/``, ``overlays/`` and ``areas.json`` or ``areas.csv``.

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
        objects: also write ``objects/sub/a.png``: 16 bits, the number of the object of each pixel.
        crops: also write each object cut out, ``crops/sub/a-o001.jpg``, and its label map,
            ``crops/labels/sub/a-o001.png``.
        upright: turn the crops upright; they are in ``crops-upright`` then.
        looks_for_objects: segmentations say which objects there are; ``objects`` and ``crops`` need that.
            Drafts tell objects apart then, from ``objects/``, which is written for them.
        areas: how areas and mean confidences of the parts are written.
        draft_format: a label format in which the label maps are written too, as drafts; see
            :func:`~partly.inference.segment.drafts.write_drafts`.
        alone: nothing else writes to the folder, so that what is half-written was left by a killed call.
        progress: called after each photo, in their order.
        at_once: photos that are worked on at once, each by one core; None: as many as there are cores, and
            more where a GPU waits for photos, but no more than there are photos. It changes no file.
        machine: where the network computes, in place of the processor; it is moved there. A GPU is given
            batches of photos.
        on_note: told once that batches did not fit into the GPU's memory, and were halved.
        **view: ``size_px``, ``mirror_average``, ``scales``, ``refine`` and ``finder``; see
            :func:`segment_photo`.

    Returns:
        What was done; photos that cannot be read are listed in ``failed``, those with a fault beside their
        pixels in ``mended``.

    Raises:
        BadOption: an unknown ``areas``, ``probabilities``, ``draft_format`` or part, ``size_px`` below 1, or
            files of objects where they are not looked for.
        BadLabel: a table of classes or colours that is there does not fit the drafts.
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    if areas not in ("json", "csv", None):
        raise BadOption(f"areas is {areas!r}", expected="json, csv or None")
    if draft_format is not None:
        format_named(draft_format)
    parts = (cutout,) if isinstance(cutout, str) else tuple(cutout)
    asked_for = OutputOptions(
        overlay=overlay,
        masks=masks,
        probabilities=probabilities,
        cutout=parts,
        objects=objects or drafts_need_objects(draft_format, looks_for_objects=looks_for_objects),
        crops=crops,
        upright=upright,
    )
    kinds = kinds_asked_for(network.part_set, asked_for, looks_for_objects=looks_for_objects)
    object_maps = next((kind for kind in kinds if isinstance(kind, ObjectMaps)), None)
    key = results_key(network, {**view, "looks_for_objects": looks_for_objects})
    folder = Path(out_folder)
    with _writing_to(folder):
        prepare_folder(folder, kinds, clear=alone)
    n_photos = len(sources) if isinstance(sources, Collection) else None
    at_once = at_once or _photos_at_once(n_photos, machine)
    names: dict[State, list[str]] = {"segmented": [], "kept": [], "failed": []}
    failed: list[tuple[str, str]] = []
    entries: list[dict[str, Any]] = []
    done: list[SegmentedPhoto] = []
    taken: set[str] = set()
    places = TakenPlaces(Path(file).suffix for kind in kinds for file in kind.files("photo"))

    def job(source: PhotoSource) -> _Job:
        outputs = PhotoOutputs(folder, output_name(source.name, taken), kinds)
        return _Job(source, outputs, places.take(outputs.name))

    finder: Any = view.get("finder")
    if isinstance(finder, nn.Module) and not machine.is_plain:
        machine.place(finder)
    with _at_work(network, machine, on_note) as ready, ExitStack() as stack:
        run = _Run(key, partial(segment_photo, ready, **view), machine.described)
        work = partial(_outcome, run=run)
        outcomes = stack.enter_context(
            closing(
                in_order(partial(work, alone=False), map(job, sources), at_once, partial(work, alone=True))
            )
        )
        for n_done, one in enumerate(outcomes, start=1):
            name, outputs = one.job.source.name, one.job.outputs
            if one.entry is None:
                failed.append((name, one.reason))
            else:
                entries.append({"photo": name} | one.entry)
                object_map = folder / object_maps.files(outputs.name)[0] if object_maps else None
                done.append(SegmentedPhoto(name, outputs.name, folder / outputs.label_map, object_map))
            names[one.state].append(name)
            if progress:
                progress(Progress(name, one.state, n_done, n_photos))
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
        *_counted_objects(entries, looks_for_objects=looks_for_objects),
    )


def _counted_objects(
    entries: Sequence[Mapping[str, Any]], *, looks_for_objects: bool
) -> tuple[int | None, tuple[str, ...]]:
    """How many objects there are in all photos, and the names of photos without any."""
    if not looks_for_objects:
        return None, ()
    numbers = {str(entry["photo"]): len(object_numbers(entry)) for entry in entries}
    return sum(numbers.values()), tuple(name for name, n in numbers.items() if not n)


def network_digest(network: PartNetwork) -> str | None:
    """SHA-256 by which a network is known: its own, else that of its weights; None where it has neither."""
    digest = getattr(network, "digest", None)
    if isinstance(digest, str):
        return digest
    if isinstance(network, nn.Module):
        return digest_of(network.state_dict())
    return None


def results_key(network: PartNetwork, view: Mapping[str, Any]) -> dict[str, Any]:
    """What results depend on, besides the photo.

    Args:
        network: it.
        view: options of :func:`segment_all`; others than those of :class:`View`, and whether
            objects are looked for, are not asked.
    """
    finder = view.get("finder")
    return {
        "version": RECORD_VERSION,
        "network_sha256": network_digest(network),
        **({} if finder is None else {"finder_sha256": finder.digest}),
        "part_set": network.part_set.to_json(),
        "size_px": network_size_px(network, view.get("size_px")),
        "mirror_average": view.get("mirror_average", True),
        "scales": [round(float(scale), 4) for scale in view.get("scales", (1.0,))],
        "refine": view.get("refine", False),
        **({"looks_for_objects": True} if view.get("looks_for_objects") else {}),
    }


def at_once_in_worker(machine: Machine, n_workers: int) -> int | None:
    """Photos at once of :func:`segment_all` in one of several processes, which share the cores."""
    return max(1, usable_processors() // n_workers) if machine.device.type == "cpu" else None


@dataclass(frozen=True)
class _Job:
    source: PhotoSource
    outputs: PhotoOutputs
    is_free: bool


@dataclass(frozen=True)
class _Outcome:
    job: _Job
    state: State
    entry: dict[str, Any] | None = None
    reason: str = ""


def _photos_at_once(n_photos: int | None, machine: Machine) -> int:
    # One more than there are cores: while it is written, the disk is waited for.
    most = usable_processors() + 1 if machine.device.type == "cpu" else _AT_ONCE_ON_GPU
    return max(1, most if n_photos is None else min(most, n_photos))


@contextmanager
def _at_work(network: PartNetwork, machine: Machine, on_note: Callable[[str], None]) -> Iterator[PartNetwork]:
    """The network as threads call it: a faster copy, and on a GPU in batches."""
    fast = network.for_inference() if hasattr(network, "for_inference") else network
    with ExitStack() as stack:
        stack.enter_context(in_eval_mode(fast))
        if machine.is_plain:
            yield fast
            return
        if isinstance(fast, nn.Module):
            machine.place(fast)

        told: list[int] = []  # by one half of a network for both

        def halved(n: int, words: str) -> None:
            if not told:
                on_note(f"Batches of {n} images from here on, as more do not fit into memory ({words})")
            told.append(n)

        yield stack.enter_context(BatchedNetwork(fast, machine, on_halved=halved).at_work())


@dataclass(frozen=True)
class _Run:
    """What all photos of a call have in common.

    Attributes:
        key: what results depend on, besides the photo.
        segment: a photo.
        made_on: what entries say of the machine.
        large: held while a large photo is in memory; there is one at a time.
    """

    key: Mapping[str, Any]
    segment: Callable[[Photo], Segmentation]
    made_on: Mapping[str, str]
    large: threading.Lock = field(default_factory=threading.Lock)


def _outcome(job: _Job, *, run: _Run, alone: bool) -> _Outcome:
    """Segment one photo; where memory is too short, the photo has failed only if it was alone.

    Raises:
        MemoryError: beside others; so is ``torch.OutOfMemoryError``.
    """
    try:
        if not job.is_free:
            raise BadPhoto(
                "its results cannot be written under its name (a folder of results has the name of a file)",
                remedy="Rename the photo",
                path=job.source.location,
            )
        state, entry = _segment_source(job.source, job.outputs, run)
    except (BadPhoto, MemoryError, RuntimeError) as error:
        is_memory = is_out_of_memory(error)
        if not isinstance(error, BadPhoto) and not (is_memory and alone):
            raise
        if not isinstance(error, ResultsGone):  # what is there instead is somebody else's
            job.outputs.discard()
        reason = f"{job.source.location}: does not fit into memory." if is_memory else str(error)
        return _Outcome(job, "failed", reason=reason)
    return _Outcome(job, state, entry)


def _segment_source(source: PhotoSource, outputs: PhotoOutputs, run: _Run) -> tuple[State, dict[str, Any]]:
    """Segment one photo, unless an earlier run did; gives its entry in the file of areas."""
    # The digest before the pixels: a file that is replaced between them is segmented again the next time.
    key = {**run.key, "photo_sha256": source.digest()}
    if entry := outputs.finished(key):
        return "kept", entry
    with ExitStack() as held:
        try:
            photo = source.read(_USUAL_PIXELS)
        except BadPhoto:
            # It is damaged, which is told the second time, or large: many at once would fill the memory.
            held.enter_context(run.large)
            photo = source.read()
        photo = replace(photo, sha256=key["photo_sha256"])
        segmentation = run.segment(photo)
        entry = areas_entry(outputs.label_map, segmentation, photo) | dict(run.made_on)
        with _writing_to(outputs.folder, source):
            outputs.write(photo, segmentation, key, entry)
    return "segmented", entry


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
