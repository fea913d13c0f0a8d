"""The page of photos that were found in a generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from partly.evaluation.report.html_pages import page
from partly.evaluation.report.html_tables import key_values, notes, table
from partly.evaluation.report.page_parts import KeyFigure, key_figures
from partly.evaluation.report.picture_panels import Panel, Picture, panels
from partly.evaluation.report.section import Section
from partly.evaluation.report.templates_rendering import MISSING

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FoundPhoto:
    """A photo and the picture that was found, for a page.

    Attributes:
        name: of the photo.
        distance: of both; None where it is no number.
        n_steps: of the search.
        time_s: of the search.
        diverged: whether it stopped at what is no number.
        photo: its square, uint8 ``[s, s, 3]``; None: it is not shown.
        picture: uint8 ``[s, s, 3]``; None: it is not shown.
    """

    name: str
    distance: float | None
    n_steps: int
    time_s: float
    diverged: bool
    photo: Pixels | None = None
    picture: Pixels | None = None


def inversion_page(
    found: Sequence[FoundPhoto],
    failed: Sequence[tuple[str, str]],
    *,
    title: str,
    distance_name: str,
    remarks: Sequence[str] = (),
    settings: Mapping[str, object],
) -> str:
    """A page of photos, each beside its picture, with distance and time.

    Args:
        found: the photos, in order.
        failed: names of photos without a latent, each with the reason.
        title: the page's title.
        distance_name: what distances are: "LPIPS".
        remarks: sentences to tell.
        settings: how it was searched: names and values.
    """
    shown = [photo for photo in found if photo.photo is not None]
    more = len(found) - len(shown)
    intro = f"The first {len(shown)} are shown; the others are in the folder." if more else ""
    sections = [
        Section(
            "Photos and pictures", [panels([_panel(photo, distance_name) for photo in shown])], intro=intro
        ),
        Section("Figures", [table(["Photo", distance_name, "Steps", "Time"], map(_row, found))]),
    ]
    if failed:
        sections.append(Section("Photos without a latent", [table(["Photo", "Why"], failed)]))
    if remarks:
        sections.append(Section("Notes", [notes(remarks)]))
    sections.append(Section("Settings", [key_values(settings)]))
    return page(title, sections, header=[key_figures(_figures(found, distance_name))])


def _panel(photo: FoundPhoto, distance_name: str) -> Panel:
    assert photo.photo is not None
    assert photo.picture is not None
    return Panel(
        photo.name,
        (
            Picture(photo.photo, f"{photo.name}: the photo", "photo"),
            Picture(photo.picture, f"{photo.name}: the picture", "picture"),
        ),
        figure=f"{distance_name} {_figure(photo.distance)}",
        note=f"{_time(photo.time_s)}, {photo.n_steps} steps"
        + ("; the search diverged, and the best picture before is shown" * photo.diverged),
    )


def _row(photo: FoundPhoto) -> tuple[str, str, str, str]:
    return photo.name, _figure(photo.distance), str(photo.n_steps), _time(photo.time_s)


def _figure(distance: float | None) -> str:
    return MISSING if distance is None else f"{distance:.4f}"


def _time(time_s: float) -> str:
    return f"{time_s:.1f} s" if time_s < 60 else str(timedelta(seconds=round(time_s)))


def _figures(found: Sequence[FoundPhoto], distance_name: str) -> list[KeyFigure]:
    known = [photo.distance for photo in found if photo.distance is not None]
    middle = float(np.median(known)) if known else None
    return [
        KeyFigure("Photos", str(len(found))),
        KeyFigure(distance_name, _figure(middle), note="median; less is nearer"),
        KeyFigure("Time", _time(sum(photo.time_s for photo in found)), note="of all searches"),
    ]
