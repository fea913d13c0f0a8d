"""Pictures of label maps back to part ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from partly.data.labels.palette_order import is_in_grey_colours, is_reordered
from partly.data.labels.part_sets import UNLABELLED, PartSet
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel, counted, listed


def ids_of_image(
    image: Image.Image, part_set: PartSet, path: Path, tell: Tell = tell_nobody
) -> npt.NDArray[np.integer]:
    """Part ids, int32 [h, w], of a PNG: its numbers, or the parts that have its colours.

    Args:
        image: the decoded PNG.
        part_set: the parts.
        path: the file that errors name.
        tell: is told where colours count, because a palette was sorted or all greys are those of parts.

    Raises:
        BadLabel: a colour that no part has, half transparent pixels, another kind of PNG, or a palette whose
            numbers and colours contradict each other.
    """
    if image.mode == "P" and is_reordered(image, part_set, path):
        tell(
            f"{path}: was read by its colours, since its palette has the parts' colours in another order "
            "than that of their ids (an image program sorted it)"
        )
        image = image.convert("RGBA")
    if image.mode == "L" and is_in_grey_colours(image, part_set):
        tell(f"{path}: was read by its greys, since all of them are colours of parts")
        image = image.convert("RGB")
    if image.mode in ("P", "L", "1", "I", "I;16"):
        return np.asarray(image).astype(np.int32)
    if image.mode in ("RGB", "RGBA"):
        return _ids_of_colours(np.asarray(image), part_set, path)
    raise BadLabel(
        f"is a PNG of the kind {image.mode}",
        expected="a palette or grey PNG of part ids, or an RGB PNG in the colours of the parts",
        remedy="Save the label map as a palette PNG",
        path=path,
    )


def _ids_of_colours(pixels: npt.NDArray[np.uint8], part_set: PartSet, path: Path) -> npt.NDArray[np.integer]:
    keys = _colour_keys(pixels[..., :3])
    opaque = np.full(keys.shape, 255, np.uint8) if pixels.shape[2] == 3 else pixels[..., 3]
    _check_alpha(opaque, path)
    palette = _colour_keys(part_set.palette)
    known = [*range(part_set.n_parts), UNLABELLED]
    found, inverse, counts = np.unique(
        np.where(opaque == 0, palette[UNLABELLED], keys), return_inverse=True, return_counts=True
    )
    ids = {int(palette[i]): i for i in known}
    unknown = {int(key): int(n) for key, n in zip(found, counts, strict=True) if int(key) not in ids}
    if unknown:
        commonest = sorted(unknown, key=lambda key: -unknown[key])
        raise BadLabel(
            "is an RGB picture with colours of no part: "
            + listed(f"#{key:06x} ({counted(unknown[key], 'pixel')})" for key in commonest),
            expected="the exact colours of the parts, "
            + ", ".join(
                f"{part.name} #{key:06x}" for part, key in zip(part_set.parts, palette, strict=False)
            ),
            remedy="Save the label map as a palette PNG of part ids, or paint without smoothed edges",
            path=path,
        )
    return np.array([ids[int(key)] for key in found], np.int32)[inverse.reshape(keys.shape)]


def _check_alpha(alpha: npt.NDArray[np.uint8], path: Path) -> None:
    n_between = int(((alpha > 0) & (alpha < 255)).sum())
    if n_between:
        raise BadLabel(
            f"has {counted(n_between, 'pixel')} that are half transparent",
            expected="opaque pixels, or fully transparent ones (unlabelled)",
            remedy="Paint without smoothed edges",
            path=path,
        )


def _colour_keys(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    wide = colours.astype(np.int64)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
