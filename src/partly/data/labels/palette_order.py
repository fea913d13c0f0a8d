"""Whether the numbers of a palette PNG are part ids, or its colours must say so.

Image programs drop and sort the entries of a palette as they like: to them only the colours count. Labelling
programs give palettes of any colours: to them only the numbers count. A palette whose colours are those of
parts, at the ids of other parts, was sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from partly.data.labels.part_colours import Colour
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.errors import BadLabel, counted, listed

_UNSET: Colour = (0, 0, 0)
"""What entries of a palette are that nobody gave a colour."""

_NEAR = 6
"""So far, in each of red, green and blue, programs move colours that they convert between profiles."""


@dataclass(frozen=True)
class _Used:
    """An entry of a palette that has pixels.

    Attributes:
        number: its place in the palette.
        n_pixels: how many pixels have it.
        colour: red, green, blue.
        is_clear: it is fully transparent.
        id_of_colour: of the part that has the colour; None: no part has it.
        id_nearby: of the only part that has nearly the colour; None: there is none.
    """

    number: int
    n_pixels: int
    colour: Colour
    is_clear: bool
    id_of_colour: int | None
    id_nearby: int | None

    @property
    def is_moved(self) -> bool:
        """Its colour is that of a part with another id than its number."""
        return self.id_of_colour is not None and self.id_of_colour != self.number


def is_reordered(image: Image.Image, part_set: PartSet, path: Path) -> bool:
    """Whether the colours of a palette image, not its numbers, say which parts its pixels are.

    They do where each colour that has pixels is a part's (or that of unlabelled pixels), and one of them
    stands at another number than its part's id. Colours of no part say nothing, and black says nothing where
    several entries have it, for it fills what nobody set. Colours that are nearly those of other parts are
    refused.

    Args:
        image: of the mode P.
        part_set: whose ids or colours it has.
        path: the file that errors name.

    Raises:
        BadLabel: numbers and colours contradict each other, and neither can be believed.
    """
    entries = _entries(image)
    colours = [entry[:3] for entry in entries]
    if len(set(colours)) == 1:
        return False
    used = _used(image, entries, part_set)
    opaque = [entry for entry in used if not entry.is_clear]
    silent = _UNSET if colours.count(_UNSET) > 1 else None
    moved = [entry for entry in opaque if entry.is_moved and entry.colour != silent]
    strange = [entry for entry in opaque if entry.id_of_colour is None]
    if not moved and _are_moved_nearly(opaque):
        nearly = [entry for entry in opaque if entry.id_nearby != entry.number]
        raise _contradiction(nearly, [], part_set, path)
    if not moved:
        # Where colours count, transparent pixels are unlabelled. One that hides its part's own colour is not.
        clear = [entry for entry in used if entry.is_clear and entry.id_of_colour != entry.number]
        return bool(clear and opaque and not strange)
    if strange or len({entry.colour for entry in opaque}) < len(opaque):
        raise _contradiction(moved, strange, part_set, path)
    return True


def is_in_grey_colours(image: Image.Image, part_set: PartSet) -> bool:
    """Whether a grey image shows parts in their colours, which are grey: black and white, say.

    Its numbers are no part ids then. (255 may be unlabelled or white; beside a white part it is white.)

    Args:
        image: of the mode L.
        part_set: whose colours it may have.
    """
    ids = _ids_of_colours(part_set)
    values = np.unique(np.asarray(image)).tolist()
    found = [ids.get((value, value, value)) for value in values]
    return None not in found and found != values


def _ids_of_colours(part_set: PartSet) -> dict[Colour, int]:
    ids: dict[Colour, int] = {part.colour: i for i, part in enumerate(part_set.parts)}
    red, green, blue = part_set.palette[UNLABELLED].tolist()
    return ids | {(red, green, blue): UNLABELLED}


def _are_moved_nearly(opaque: Sequence[_Used]) -> bool:
    """Whether entries have nearly the colours of as many parts, but not of those that their numbers say."""
    nearby = [entry.id_nearby for entry in opaque]
    return (
        len(opaque) > 1
        and None not in nearby
        and len(set(nearby)) == len(nearby)
        and any(entry.id_nearby != entry.number for entry in opaque)
    )


def _entries(image: Image.Image) -> list[tuple[int, ...]]:
    """Red, green, blue and opacity of all entries."""
    with_alpha = image.copy()
    with_alpha.apply_transparency()
    values = with_alpha.getpalette("RGBA") or []
    return [tuple(values[i : i + 4]) for i in range(0, len(values), 4)]


def _used(image: Image.Image, entries: Sequence[tuple[int, ...]], part_set: PartSet) -> list[_Used]:
    ids = _ids_of_colours(part_set)
    used = []
    for number, n_pixels in zip(*np.unique(np.asarray(image), return_counts=True), strict=True):
        # Numbers beyond a short palette are black to programs that show them.
        red, green, blue, alpha = entries[number] if number < len(entries) else (*_UNSET, 255)
        colour = (red, green, blue)
        nearby = [i for known, i in ids.items() if _are_near(known, colour)]
        id_nearby = nearby[0] if len(nearby) == 1 else None
        used.append(_Used(int(number), int(n_pixels), colour, alpha == 0, ids.get(colour), id_nearby))
    return used


def _are_near(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _contradiction(
    moved: Sequence[_Used], strange: Sequence[_Used], part_set: PartSet, path: Path
) -> BadLabel:
    names = dict(enumerate(part_set.names)) | {UNLABELLED: UNLABELLED_NAME}
    told = [
        f"number {entry.number} ({names.get(entry.number, 'no part')}) has the colour of "
        f"{names[entry.id_of_colour or entry.id_nearby or 0]} ({counted(entry.n_pixels, 'pixel')})"
        for entry in moved
    ]
    others = [f"number {entry.number} has the colour {_hex(entry.colour)} of no part" for entry in strange]
    return BadLabel(
        "is a palette PNG whose numbers and colours contradict each other: " + listed([*told, *others]),
        expected="part ids as numbers, or in all pixels exactly the colours of the parts",
        remedy="Save it as RGB PNG in the parts' colours, without smoothed edges; or, if its numbers are "
        "right, as grey PNG of part ids",
        path=path,
    )


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
