"""The page of the demo: what went in, what came out, what it took, and what it cannot do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partly.data.labels import read_label_map
from partly.data.photos import PhotoSource, PhotoSources, side_by_side
from partly.errors import counted
from partly.evaluation.report import (
    KeyFigure,
    Panel,
    Picture,
    Section,
    key_figures,
    labelled_pictures,
    legend,
    notes,
    page,
    panels,
    picture_grid,
    ribbon,
    table,
)
from partly.inference.segment import Summary
from partly.project.demo.demo_subjects import Subject
from partly.project.model_digests import model_card
from partly.project.project_folder import Project
from partly.project.project_page import project_sections, run_of_model
from partly.storage import write_text

UNSEEN = "fresh"
"""In the demo's folder: pictures that neither segmenter nor network saw; named by version 0.1."""
SHIPPED = "shipped"
"""In the demo's folder: photos that ship with Partly."""


def write_demo_page(
    project: Project, subject: Subject, sources: PhotoSources, summary: Summary, times_s: Mapping[str, float]
) -> Path:
    """Write ``index.html`` in the project's folder."""
    entries = _entries(summary)
    unseen = [s for s in sources if s.path.parent == project.folder / UNSEEN]
    photos = [s for s in sources if s not in unseen]
    sections = [
        Section(
            "Photos",
            [legend(project.part_set), panels([_panel(s, project, summary, entries) for s in photos])],
            intro=subject.about_photos,
        ),
        Section(
            "Generated pictures",
            [picture_grid([_pair(_panel(s, project, summary, entries)) for s in unseen], width_px=320)],
            intro="Pictures that neither segmenter nor network has seen before, labelled by the network.",
        ),
        *project_sections(project),
        Section("Times", [table(["step", "seconds"], [*times_s.items(), ("all", sum(times_s.values()))])]),
        Section("What it cannot do", [notes(subject.limits)]),
        Section("Where things come from", [notes(subject.licences)]),
    ]
    html = page(
        "One label, and what became of it",
        sections,
        lead=subject.lead,
        header=[ribbon(project.part_set), key_figures(_figures(project, times_s))],
    )
    path = project.folder / "index.html"
    write_text(path, html)
    return path


def _entries(summary: Summary) -> dict[str, Any]:
    """What is known of each segmented photo, by name."""
    if summary.areas_path is None:
        return {}
    areas = json.loads(summary.areas_path.read_text())
    return {entry["photo"]: entry for entry in areas["photos"]}


def _panel(source: PhotoSource, project: Project, summary: Summary, entries: Mapping[str, Any]) -> Panel:
    entry = entries.get(source.name)
    if entry is None:
        reason = dict(summary.failed).get(source.name, "")
        return Panel(source.name, (), note=f"It could not be segmented: {reason}")
    pixels = source.read().pixels
    label_map = read_label_map(summary.folder / entry["label_map"], project.part_set)
    pictures: tuple[Picture, ...] = labelled_pictures(source.name, pixels, label_map, project.part_set)
    if "objects" in entry:
        n_objects = counted(len(entry["objects"]), "object")
        return Panel(source.name, pictures, figure=f"{n_objects}, {_confidence(entry)}")
    return Panel(source.name, pictures, figure=_confidence(entry))


def _pair(panel: Panel) -> Picture:
    """The pictures of a panel as one."""
    return Picture(side_by_side([picture.pixels for picture in panel.pictures]), panel.title)


def _confidence(entry: Mapping[str, Any]) -> str:
    """Mean confidence over the photo, as text."""
    parts = entry["parts"].values()
    mean = sum(p["share"] * p["confidence"] for p in parts if p["confidence"] is not None)
    return f"{100 * mean:.0f} % sure"


def _figures(project: Project, times_s: Mapping[str, float]) -> list[KeyFigure]:
    card = model_card(project.auto_shot)
    run = run_of_model(project, "distil")
    iou = ((run.result if run else None) or {}).get("held_out_iou")
    size_mb = (project.auto_shot / "model.safetensors").stat().st_size / 1e6
    figures = [
        KeyFigure("Labelled by hand", "1", note="generated picture"),
        KeyFigure("Labelled by it", str(card["config"]["n_pictures"]), note="generated pictures"),
        KeyFigure("Network", f"{size_mb:.0f}", "MB", f"{card['config']['architecture']}"),
        KeyFigure("Time", f"{sum(times_s.values()) / 60:.1f}", "min", "on this machine"),
    ]
    if iou is not None:
        figures.insert(
            3, KeyFigure("Agreement", f"{100 * iou:.0f}", "%", "mean IoU with the segmenter, held out")
        )
    return figures
