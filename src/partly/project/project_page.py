"""A project as a page: its label, what the segmenter makes of it, how the network learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from partly.data.labels import Annotation, list_annotations
from partly.data.photos import read_photo
from partly.errors import counted
from partly.evaluation.report import (
    KeyFigure,
    Picture,
    Section,
    Series,
    curves,
    key_figures,
    key_values,
    labelled_pictures,
    legend,
    page,
    picture_grid,
    ribbon,
)
from partly.project.model_digests import fitted_on_photos, model_card, model_digest
from partly.project.project_folder import PREVIEW_NAME, Project
from partly.project.project_state import ProjectState, state_of
from partly.storage import Run, complete_lines, list_runs, write_text

_SMALL_PX = 240


def write_project_page(project: Project) -> Path:
    """Write ``report.html`` of a project, with whatever there is yet.

    Raises:
        BadLabel: an annotation is damaged.
    """
    state = state_of(project)
    sections = [*project_sections(project), _state_section(state), *_settings_section(project)]
    html = page(
        f"Project {project.folder.resolve().name}",
        sections,
        lead=f"Next: {state.next_step} ({state.why}).",
        header=[ribbon(project.part_set), key_figures(_figures(project, state))],
    )
    write_text(project.report, html)
    return project.report


def project_sections(project: Project) -> list[Section]:
    """Labels, previews of the few-shot segmenter and training of the network, as far as they are there."""
    return [*_label_section(project), *_preview_section(project), *_training_section(project)]


def run_of_model(project: Project, verb: Literal["fit", "distil"]) -> Run | None:
    """The run that made the project's model of today; while there is no model, the latest run of the verb."""
    folder, name = {
        "fit": (project.few_shot, "few_shot_sha256"),
        "distil": (project.auto_shot, "network_sha256"),
    }[verb]
    digest = model_digest(folder)
    runs = [run for run in list_runs(project.runs) if run.verb == verb]
    if digest is not None:
        runs = [run for run in runs if (run.result or {}).get(name) == digest]
    return runs[-1] if runs else None


def read_log(run: Run) -> list[dict[str, Any]]:
    """The lines of a run's log; a line that was cut off is left out."""
    return [json.loads(line) for line in complete_lines(run.folder / "log.jsonl")]


def _figures(project: Project, state: ProjectState) -> list[KeyFigure]:
    run = run_of_model(project, "distil")
    result = (run.result if run else None) or {}
    figures = [
        KeyFigure("Labelled pictures", str(len(state.annotation_ids))),
        KeyFigure("Parts", str(project.part_set.n_parts), note="with the background"),
    ]
    if result.get("held_out_iou") is not None:
        figures.append(
            KeyFigure(
                "Agreement", f"{100 * result['held_out_iou']:.1f}", "%", "mean IoU of network and segmenter"
            )
        )
    if result.get("training_time_s") is not None:
        figures.append(KeyFigure("Training", f"{result['training_time_s'] / 60:.1f}", "min"))
    return figures


def _label_section(project: Project) -> list[Section]:
    annotations = list_annotations(project.annotations, project.part_set)
    if not annotations:
        return []
    pictures = [picture for one in annotations for picture in _annotation_pictures(project, one)]
    grid = picture_grid(pictures, width_px=_SMALL_PX)
    return [Section("Labelled pictures", [legend(project.part_set), grid])]


def _annotation_pictures(project: Project, annotation: Annotation) -> Sequence[Picture]:
    path = project.pictures / f"{annotation.id}.png"
    if path.is_file():
        pixels = read_photo(path).pixels
        return labelled_pictures(annotation.id, pixels, annotation.label_map, project.part_set)
    overlay = project.annotations / "overlays" / f"{annotation.id}.jpg"
    return [Picture(read_photo(overlay).pixels, annotation.id)] if overlay.is_file() else []


def _preview_section(project: Project) -> list[Section]:
    run = run_of_model(project, "fit")
    paths = sorted((run.folder / PREVIEW_NAME).with_suffix("").glob("*.jpg")) if run else []
    if not paths:
        return []
    on_photos = fitted_on_photos(project.few_shot)
    what, several = ("photo", "photos") if on_photos else ("picture", "generated pictures")
    pictures = [Picture(read_photo(path).pixels, f"An unseen {what} and its labels") for path in paths]
    return [
        Section(
            "Few-shot segmenter",
            [picture_grid(pictures, width_px=320)],
            intro=f"Unseen {several}, and what the segmenter makes of them.",
        )
    ]


def _training_section(project: Project) -> list[Section]:
    run = run_of_model(project, "distil")
    log = read_log(run) if run else []
    if run is None or not log:
        return []
    steps = [line["step"] for line in log]
    measured = [line for line in log if line["evaluated"] and line["held_out_iou"] is not None]
    blocks = [
        curves(
            [Series("loss", steps, [line["loss"] for line in log])],
            title="Loss",
            x_label="step",
            y_label="soft cross-entropy",
        )
    ]
    if len(measured) > 1:
        ious = [100 * line["held_out_iou"] for line in measured]
        series = Series("mean IoU", [line["step"] for line in measured], ious)
        blocks.append(
            curves([series], title="Agreement on held-out pictures", x_label="step", y_label="mean IoU, %")
        )
    intro = "The network learns from generated pictures, labelled by the few-shot segmenter."
    if panels := sorted((run.folder / "panels").glob("*.png")):
        picture = Picture(
            read_photo(panels[-1]).pixels, "Held-out pictures", "picture, few-shot segmenter, network"
        )
        blocks.append(picture_grid([picture], width_px=520))
        intro += " Held-out pictures show how well it agrees with its teacher."
    return [Section("Training of the network", blocks, intro=intro)]


def _state_section(state: ProjectState) -> Section:
    return Section(
        "State",
        [
            key_values(
                {
                    **_sources(state),
                    "pictures proposed": state.n_pictures,
                    "annotations": ", ".join(state.annotation_ids) or "none",
                    "few-shot segmenter": state.few_shot,
                    "auto-shot network": state.auto_shot,
                    "labelled pictures": f"{state.labelled_bytes / 1e6:.0f} MB",
                }
            )
        ],
    )


def _sources(state: ProjectState) -> dict[str, str]:
    """Where pictures and features come from."""
    sources = {"generator": state.generator} if state.generator else {}
    if state.photos:
        n_photos = "not there" if state.n_photos is None else counted(state.n_photos, "photo")
        sources |= {"photos": f"{state.photos} ({n_photos})", "read by": state.encoder}
    return sources


def _settings_section(project: Project) -> list[Section]:
    card = model_card(project.auto_shot)
    if not card:
        return []
    config = {name: value for name, value in card.get("config", {}).items() if not isinstance(value, dict)}
    return [Section("Settings of the network", [key_values(config)])]
