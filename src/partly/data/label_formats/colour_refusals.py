"""What is said of colour-coded PNGs whose colours mean nothing, and of what may have happened to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from partly.data.label_formats.colour_tables import ColourTable, hex_of
from partly.data.label_formats.shape_painting import is_known, likely_parts
from partly.data.labels.part_colours import Colour
from partly.data.labels.part_sets import UNLABELLED_NAME, PartSet
from partly.errors import BadLabel, counted, listed

_N_SHOWN = 8
_MANY = 8
"""More unknown colours than people mix up by hand."""

_NEAR = 24
"""How far JPEG moves red, green or blue as a rule, away from edges."""


def check_colours(
    counts: Mapping[Colour, int],
    pixels: npt.NDArray[np.uint8],
    hidden: npt.NDArray[np.bool_],
    table: ColourTable,
    path: Path,
) -> None:
    """Raise BadLabel if there are colours that no row of a table has.

    Args:
        counts: colours with their numbers of pixels, the commonest first.
        pixels: uint8 [h, w, 3].
        hidden: whose colours do not count, bool [h, w].
        table: of colours.
        path: the PNG.
    """
    unknown = [colour for colour in counts if colour not in table.names]
    if unknown:
        shown = [
            f"{hex_of(one)} ({counted(counts[one], 'pixel')}, first at {_place(one, pixels, hidden)})"
            for one in unknown[:_N_SHOWN]
        ]
        more = len(unknown) - len(shown)
        raise BadLabel(
            f"has {counted(len(unknown), 'colour')} of no part: {', '.join(shown)}"
            + (f" and {more} more" if more else ""),
            expected=f"the colours in {table.path.name}: "
            + listed(f"{name} {hex_of(colour)}" for colour, name in table.names.items()),
            remedy=_remedy(unknown, table),
            path=path,
        )


def check_names(counts: Mapping[Colour, int], table: ColourTable, part_set: PartSet, path: Path) -> None:
    """Raise BadLabel if a table gives the colours of a PNG names that are no part's."""
    named = [(table.names[colour], n) for colour, n in counts.items()]
    strange = [(name, n) for name, n in named if not is_known(name, part_set)]
    if strange:
        likely = likely_parts((name for name, _ in strange), part_set)
        remedy = (
            f"Rename these rows of {table.path} to parts or to {UNLABELLED_NAME}, or add the parts to the "
            "part set"
        )
        raise BadLabel(
            "has labels that are no part: "
            + ", ".join(f"{name!r} ({counted(n, 'pixel')})" for name, n in strange),
            expected=f"{', '.join(part_set.names)}, or {UNLABELLED_NAME}",
            remedy=f"{likely}? {remedy}" if likely else remedy,
            path=path,
        )


def _place(colour: Colour, pixels: npt.NDArray[np.uint8], hidden: npt.NDArray[np.bool_]) -> str:
    y, x = np.argwhere((pixels == np.array(colour, np.uint8)).all(axis=2) & ~hidden)[0]
    return f"x {x}, y {y}"


def _remedy(unknown: Sequence[Colour], table: ColourTable) -> str:
    if len(unknown) < _MANY:
        return "Add a row for each to the table, or paint these pixels in a colour that it has"
    rows = np.array(list(table.names), np.int64)
    n_near = sum(int(np.abs(rows - colour).max(axis=1).min()) <= _NEAR for colour in unknown)
    if n_near * 2 >= len(unknown):
        return "Most are close to those of the table, as JPEG makes them: save as PNG from the start"
    return "They look like smoothed edges: turn anti-aliasing off, and resize without smoothing"
