"""The page of a folder of results: what was found where, photo by photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from partly.data.labels import PartSet
from partly.errors import PartlyError, counted
from partly.evaluation.report.html_pages import page
from partly.evaluation.report.html_tables import legend, notes, table
from partly.evaluation.report.page_parts import KeyFigure, key_figures, ribbon
from partly.evaluation.report.picture_panels import Picture
from partly.evaluation.report.section import Section
from partly.evaluation.report.templates_rendering import MISSING, count, percent, render

MOST_PHOTOS_SHOWN = 200
_MOST_ROWS = 25
_MOST_NAMES = 100
_UPRIGHT_DEG = 0.5
_NO_BREAK = "\u00a0"
_COLUMNS = ("No.", "Confidence, %", "Turned", "Size, px", "Parts")


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What a page shows of a segmented photo.

    Attributes:
        name: of the photo.
        entry: what the file of areas says of it.
        read_picture: gives its overlay, uint8 ``[h, w, 3]``; may raise what PartlyErrors are.
    """

    name: str
    entry: Mapping[str, Any]
    read_picture: Callable[[], NDArray[np.uint8]]

    @property
    def objects(self) -> Sequence[Mapping[str, Any]] | None:
        """Its objects; None where they were not looked for."""
        return self.entry.get("objects")


def results_page(
    results: Sequence[PhotoResult],
    part_set: PartSet,
    *,
    failed: Sequence[tuple[str, str]] = (),
    title: str = "Segmented photos",
) -> str:
    """A page of segmented photos: of each its overlay, and its objects; its parts where none were looked for.

    Args:
        results: all photos in their order; the first 200 are shown, the others counted.
        part_set: the parts and their colours.
        failed: names of photos that could not be segmented, with the reason.
        title: of the page.
    """
    shown = results[:MOST_PHOTOS_SHOWN]
    more = len(results) - len(shown)
    intro = "A click enlarges a photo; the arrow keys then go from one to the next."
    if more:
        intro = f"The first {len(shown)}; {counted(more, 'more photo')} in the same folder. {intro}"
    blocks = [_shown(result, part_set.names[0]) for result in shown]
    sections = [Section("Photos", [legend(part_set), *blocks], intro=intro)]
    if empty := [result.name for result in results if result.objects is not None and not result.objects]:
        sections.append(Section("Photos without an object", [notes(_some(empty))]))
    if failed:
        rows = table(["Photo", "Why"], failed)
        sections.append(Section("Photos that could not be segmented", [rows]))
    return page(title, sections, header=[ribbon(part_set), _figures(results, failed, n_empty=len(empty))])


def _figures(results: Sequence[PhotoResult], failed: Sequence[object], *, n_empty: int) -> Markup:
    note = f"{count(len(failed))} could not be segmented" if failed else ""
    figures = [KeyFigure("Photos", count(len(results)), note=note)]
    known = [result.objects for result in results if result.objects is not None]
    if known:
        with_some = len(known) - n_empty
        figures += [
            KeyFigure("Objects", count(sum(map(len, known))), note=f"in {counted(with_some, 'photo')}"),
            KeyFigure("Photos without an object", count(n_empty)),
            KeyFigure("Most in one photo", count(max(map(len, known)))),
        ]
    return key_figures(figures)


def _shown(result: PhotoResult, background: str) -> Markup:
    """A photo with what was found in it."""
    figure, found, more = _found(result, background)
    uri = note = ""
    try:
        uri = Picture(result.read_picture(), result.name).uri
    except (PartlyError, OSError) as error:
        note = f"The photo cannot be shown: {error}"
    if more:
        note = f"{note} {counted(more, 'more object')}.".strip()
    alt = f"{result.name}: {figure}" if figure else result.name
    return render(
        "segmented_photo.html", name=result.name, figure=figure, uri=uri, alt=alt, found=found, note=note
    )


def _found(result: PhotoResult, background: str) -> tuple[str, Markup, int]:
    """What was found in a word, as a table, and how many objects the table leaves out."""
    if result.objects is None:
        rows = [
            (name, percent(part["share"]), _percent_or_dash(part["confidence"]))
            for name, part in result.entry["parts"].items()
            if part["n_pixels"]
        ]
        return "", table(["Part", "Area, %", "Confidence, %"], rows, label=f"Parts in {result.name}"), 0
    if not result.objects:
        return "no object", Markup(""), 0
    figure = counted(len(result.objects), "object")
    shown = result.objects[:_MOST_ROWS]
    listed = [_row(one, background) for one in shown]
    found = table(_COLUMNS, listed, label=f"Objects in {result.name}")
    return figure, found, len(result.objects) - len(shown)


def _row(one: Mapping[str, Any], background: str) -> tuple[str, ...]:
    left, top, right, bottom = one["box"]
    present = [name for name, part in one["parts"].items() if part["n_pixels"] and name != background]
    return (
        str(one["number"]),
        percent(one["confidence"]),
        _angle(one["frame"]["angle_deg"]),
        f"{right - left}{_NO_BREAK}×{_NO_BREAK}{bottom - top}",
        ", ".join(present) or MISSING,
    )


def _angle(angle_deg: float) -> str:
    if abs(angle_deg) < _UPRIGHT_DEG:
        return "upright"
    return f"{abs(angle_deg):.0f}°{_NO_BREAK}{'left' if angle_deg > 0 else 'right'}"


def _percent_or_dash(share: float | None) -> str:
    return MISSING if share is None else percent(share, 0)


def _some(names: Sequence[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return [*names[:_MOST_NAMES], *([f"and {count(more)} more"] if more > 0 else [])]
