"""The verbs that can be jobs, as the process of a job runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from partly.errors import BadPhoto, counted
from partly.fewshot.fitting import FewShotConfig
from partly.inference.segment import SegmentOptions
from partly.machine import MachineOptions
from partly.project import PREVIEW_NAME, Project
from partly.studio.session.job import FitFirst, JobReports, options_for
from partly.studio.session.studio_paths import StudioPaths
from partly.synthesis.distil import DistilConfig, DistilRequest

Options = Mapping[str, Any]
_MOST_OVERLAYS = 24


def fit(project: Project, options: Options, reports: JobReports) -> None:
    """Fit the few-shot segmenter."""
    from partly.machine import Machine
    from partly.project import few_shot_config, fit_project

    machine = Machine.for_inference(_machine_options(options))
    config = few_shot_config(project, **options_for(FewShotConfig, options))
    anew = options.get("again", False)
    result = fit_project(project, config, anew=anew, on_progress=reports.progress, machine=machine)
    for path in sorted((result.previews.parent / PREVIEW_NAME).with_suffix("").glob("*.jpg")):
        reports.panel(path)
    learned_from = counted(len(result.annotation_ids), "labelled picture")
    without = f", without {', '.join(result.missing_parts)}" if result.missing_parts else ""
    reports.progress(f"fitted on {learned_from}{without}", 1, 1)


def distil(project: Project, options: Options, reports: JobReports) -> None:
    """Make the auto-shot network; the few-shot segmenter is fitted first, if it is not of today's labels."""
    from partly.project import distil_config, distil_project, state_of
    from partly.studio.session.distil_curves import DistilCurves
    from partly.synthesis.distil import DistilReports

    request = DistilRequest(**options_for(DistilRequest, options))
    config = distil_config(project, request.effort, **options_for(DistilConfig, options))
    if state_of(project).few_shot != "ready":
        fit(project, options_for(FitFirst, options) | options_for(MachineOptions, options), reports)
    curves, notes = DistilCurves(project.runs, reports), _Notes(reports)
    result = distil_project(
        project,
        config,
        n_workers=request.n_workers,
        anew=request.again,
        reports=DistilReports(curves.picture, curves.step, notes.take),
        machine_options=_machine_options(options),
    )
    curves.panels()
    for folder in result.panel_folders:
        for path in sorted(folder.glob("*.png"))[-1:]:
            reports.panel(path)
    iou = result.held_out_iou
    agreement = "" if iou is None else f"; it agrees with the segmenter to {100 * iou:.1f} % mean IoU"
    reports.progress(f"the network is made{agreement}{notes}", 1, 1)


def export(project: Project, options: Options, reports: JobReports) -> None:  # noqa: ARG001
    """Write the network as one ONNX file."""
    from partly.project import export_network

    reports.progress("writing the network as one file, and comparing it with the original")
    written = export_network(project.folder)
    reports.progress(f"exported: {written.n_bytes / 1e6:.1f} MB", 1, 1)


def segment(project: Project, options: Options, reports: JobReports) -> None:
    """Segment the project's photos: of a project with a generator, those that were added on the page.

    Raises:
        FolderBusy: a command is writing to the folder of results.
    """
    from partly.data.photos import find_photos
    from partly.inference.segment import Progress, segment_all
    from partly.machine import Machine, PieceClaims
    from partly.project import SegmentChoice, has_finder, project_photos, segmenting_network

    paths = StudioPaths.of(project)
    reads_photos = project.settings.fitted_on == "photos"
    if not reads_photos and not paths.photos.is_dir():
        raise BadPhoto(
            "there is no folder of photos in the project",
            expected="photos to segment",
            remedy="Put photos there, or add them on the page",
            path=paths.photos,
        )
    machine = Machine.for_inference(_machine_options(options))
    choice = SegmentChoice(anywhere=has_finder(project))
    segmenting, notes = segmenting_network(project.folder, choice), _Notes(reports)

    def report(progress: Progress) -> None:
        reports.progress("segmenting photos", progress.n_done, progress.n_photos or progress.n_done)

    chosen = SegmentOptions(**options_for(SegmentOptions, options))
    photos = project_photos(project) if reads_photos else find_photos([paths.photos])
    with PieceClaims(paths.segmented, alone=True):
        summary = segment_all(
            segmenting.network,
            photos,
            paths.segmented,
            **chosen.arguments(**segmenting.made_of),
            **segmenting.looking,
            progress=report,
            machine=machine,
            on_note=notes.take,
        )
    for path in _images(paths.segmented / "overlays"):
        reports.panel(path)
    n_photos = len(summary.segmented) + len(summary.kept)
    reports.progress(f"segmented {counted(n_photos, 'photo')}: {summary.folder}{notes}", n_photos, n_photos)
    summary.raise_failures()


RUN: dict[str, Callable[[Project, Options, JobReports], None]] = {
    "fit": fit,
    "distil": distil,
    "export": export,
    "segment": segment,
}


class _Notes:
    """What people should know: told at once, and once more with what came of the job."""

    def __init__(self, reports: JobReports) -> None:
        self._reports = reports
        self._notes: list[str] = []

    def take(self, note: str) -> None:
        """One more."""
        self._notes.append(note.rstrip("."))
        self._reports.progress(note)

    def __str__(self) -> str:
        return "".join(f". {note}" for note in self._notes)


def _machine_options(options: Options) -> MachineOptions:
    return MachineOptions(**options_for(MachineOptions, options))


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("[!.]*.jpg") if path.is_file())[:_MOST_OVERLAYS]
