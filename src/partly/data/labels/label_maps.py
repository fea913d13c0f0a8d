"""Label maps: reading, writing, checking, counting and resizing integer arrays [h, w] of part ids."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from partly.data.labels.label_bytes import decode_png, read_label_file
from partly.data.labels.label_colours import ids_of_image
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel, counted, listed
from partly.storage import write_bytes

LabelMap = npt.NDArray[np.uint8]


def read_label_map(
    path: str | Path,
    part_set: PartSet,
    *,
    size: tuple[int, int] | None = None,
    required: Collection[str] = (),
    empty_ok: bool = False,
    tell: Tell = tell_nobody,
) -> LabelMap:
    """Read a label map from a PNG.

    In palette and grey PNGs the numbers are the part ids, and colours of no part are ignored. Where all
    colours of a palette are parts', but stand at other ids, an image program has sorted it, and the colours
    count. In RGB PNGs the colours must be exactly those of the part set; with an alpha channel, fully
    transparent pixels are unlabelled.

    Args:
        path: the PNG.
        part_set: the parts that its ids or colours mean.
        size: height and width that it must have.
        required: names of parts that must have a pixel.
        empty_ok: allow a label map without any labelled pixel.
        tell: is told where a palette was read by its colours.

    Returns:
        uint8 [h, w], values 0 to k - 1 and 255 (unlabelled).

    Raises:
        BadLabel: it cannot be read as a PNG, the numbers and colours of its palette contradict each other, or
            :func:`check_label_map` fails.
    """
    path = Path(path)
    values = ids_of_image(_read_png(path), part_set, path, tell)
    _check_ids(values, part_set, path)
    label_map = values.astype(np.uint8)
    check_label_map(label_map, part_set, size=size, required=required, empty_ok=empty_ok, path=path)
    return label_map


def write_label_map(path: str | Path, label_map: LabelMap, part_set: PartSet) -> None:
    """Write a label map as a palette PNG with the colours of the part set, atomically.

    Raises:
        BadLabel: the label map is not uint8 [h, w] or has ids that are no part.
    """
    write_bytes(Path(path), label_map_to_png(label_map, part_set))


def label_map_to_png(label_map: LabelMap, part_set: PartSet) -> bytes:
    """The bytes that :func:`write_label_map` writes; the same label map gives the same bytes."""
    check_label_map(label_map, part_set, empty_ok=True)
    image = Image.fromarray(np.ascontiguousarray(label_map))
    image.putpalette(part_set.palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def check_label_map(
    label_map: npt.NDArray[np.generic],
    part_set: PartSet,
    *,
    size: tuple[int, int] | None = None,
    required: Collection[str] = (),
    empty_ok: bool = False,
    path: str | Path | None = None,
) -> None:
    """Check that an array is a label map of a part set.

    Args:
        label_map: what should be uint8 [h, w].
        part_set: the parts that it may have.
        size: height and width of its picture.
        required: names of parts that must have a pixel.
        empty_ok: allow a label map without any labelled pixel.
        path: the file that errors name.

    Raises:
        BadLabel: no uint8 [h, w], another size, unknown ids (listed with their numbers of pixels), no
            labelled pixel, or a required part without a pixel.
    """
    if label_map.dtype != np.uint8 or label_map.ndim != 2 or not label_map.size:
        raise BadLabel(
            f"the label map is {label_map.dtype} {list(label_map.shape)}", expected="uint8 [h, w]", path=path
        )
    _check_size(label_map.shape, size, path)
    _check_ids(label_map, part_set, path)
    if not empty_ok and not (label_map != UNLABELLED).any():
        raise BadLabel(
            "the label map is empty: every pixel is unlabelled",
            expected="at least one labelled pixel",
            remedy="Paint the parts first",
            path=path,
        )
    _check_required(label_map, part_set, required, path)


def count_part_pixels(label_map: LabelMap, part_set: PartSet) -> dict[str, int]:
    """Number of pixels of each part by name, in order of ids, and of ``"unlabelled"`` at the end."""
    counts = np.bincount(label_map.ravel(), minlength=256)
    named = {name: int(counts[i]) for i, name in enumerate(part_set.names)}
    return named | {UNLABELLED_NAME: int(counts[UNLABELLED])}


def resize_label_map(label_map: LabelMap, size: tuple[int, int]) -> LabelMap:
    """Label map at another size: each new pixel takes the id under its centre, so no new ids arise.

    Args:
        label_map: uint8 [h, w].
        size: new height and width.
    """
    rows, columns = (_nearest(n_new, n_old) for n_new, n_old in zip(size, label_map.shape, strict=True))
    return label_map[rows[:, None], columns[None, :]]


def translate_label_map(
    label_map: LabelMap, source: PartSet, target: PartSet, path: str | Path | None = None
) -> LabelMap:
    """Ids of one part set to those of another in which the same names may stand in another order.

    Raises:
        BadLabel: a part that has pixels is missing in the target; all such parts are listed.
    """
    counts = count_part_pixels(label_map, source)
    missing = [name for name in source.names if counts[name] and name not in target.names]
    if missing:
        raise BadLabel(
            "has pixels of parts that the part set lacks: "
            + listed(f"{name} ({counted(counts[name], 'pixel')})" for name in missing),
            expected=f"the parts {', '.join(target.names)}",
            remedy="Add these parts to the part set, or paint the pixels as another part",
            path=path,
        )
    table = np.arange(256, dtype=np.uint8)
    for i, name in enumerate(source.names):
        table[i] = target.index(name) if name in target.names else i
    return table[label_map]


def _nearest(n_new: int, n_old: int) -> npt.NDArray[np.int64]:
    # Centre of new pixel i, in old pixels: (i + 1/2) n_old / n_new; whole numbers keep it exact.
    return (2 * np.arange(n_new, dtype=np.int64) + 1) * n_old // (2 * n_new)


def _read_png(path: Path) -> Image.Image:
    data = read_label_file(path, "a label map as PNG")
    try:
        return decode_png(data)
    except ValueError as error:
        raise BadLabel(
            f"cannot be used as a label map: {error}",
            expected="a sound PNG; other formats may change the numbers of the parts",
            remedy="Save the label map as PNG (again)",
            path=path,
        ) from error


def _check_size(found: tuple[int, ...], size: tuple[int, int] | None, path: str | Path | None) -> None:
    if size is not None and tuple(found) != tuple(size):
        raise BadLabel(
            f"the label map is {found[1]} x {found[0]} px",
            expected=f"{size[1]} x {size[0]} px, the size of its picture",
            remedy="Label the picture at its own size, or resize the label map without smoothing",
            path=path,
        )


def _check_ids(values: npt.NDArray[np.generic], part_set: PartSet, path: str | Path | None) -> None:
    if values.size and values.dtype == np.uint8 and values.max() < part_set.n_parts:
        return  # as nearly all are, and counting takes many times as long
    ids, counts = np.unique(values, return_counts=True)
    unknown = [
        f"{i} ({counted(int(n), 'pixel')})"
        for i, n in zip(ids.tolist(), counts, strict=True)
        if not 0 <= i < part_set.n_parts and i != UNLABELLED
    ]
    if unknown:
        known = ", ".join(f"{i} {name}" for i, name in enumerate(part_set.names))
        raise BadLabel(
            f"the label map has unknown part ids: {listed(unknown)}",
            expected=f"{known}, or {UNLABELLED} {UNLABELLED_NAME}",
            remedy="Paint these pixels as a known part, or add the missing parts to the part set",
            path=path,
        )


def _check_required(
    label_map: npt.NDArray[np.generic], part_set: PartSet, required: Collection[str], path: str | Path | None
) -> None:
    without = [name for name in required if not (label_map == part_set.index(name)).any()]
    if without:
        raise BadLabel(
            f"no pixel is labelled {' or '.join(without)}",
            expected="at least one pixel of every part",
            remedy="Paint the missing part, choose a picture that shows it, or remove it from the part set",
            path=path,
        )
