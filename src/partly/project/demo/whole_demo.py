"""From one labelled picture to segmented photos, within minutes; what was done before is not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from partly.data.labels import FACE_PARTS
from partly.data.photos import PhotoSources, find_photos, write_png
from partly.errors import NotAvailable
from partly.inference.segment import Progress, Summary, segment_all
from partly.machine import PieceClaims
from partly.models.generators import Truncation, sample_w
from partly.models.zoo import DOWNLOADS, ENCODER, get
from partly.project.demo.demo_page import SHIPPED, UNSEEN, write_demo_page
from partly.project.demo.demo_subjects import FACES, PORTRAITS, Subject
from partly.project.distil_verb import distil_project
from partly.project.fit_verb import fit_project
from partly.project.label_import import import_shipped
from partly.project.photo_segmenters import segmenting_network
from partly.project.project_folder import Project, create_project, is_project, open_project
from partly.project.project_generator import load_project_generator
from partly.project.project_settings import Settings
from partly.project.proposed_pictures import picture_pixels
from partly.project.segment_choices import SegmentChoice
from partly.storage import picture_seed, write_json
from partly.synthesis.distil import DistilConfig, DistilReports


class Times:
    """Seconds by step, kept in a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.seconds: dict[str, float] = dict(json.loads(path.read_text()))
        except (OSError, ValueError):
            self.seconds = {}

    def add(self, step: str, began: float, *, skipped: bool) -> None:
        """A step that began then (by the monotonic clock) ends now; a skipped one took nothing."""
        if not skipped:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + time.monotonic() - began, 1)
            write_json(self._path, self.seconds)


@dataclass(frozen=True)
class DemoChoices:
    """What the demo does.

    Attributes:
        photos: photos, folders and zips to segment besides those that ship with Partly.
        subject: what it is shown on; a project that is there already goes on with its own.
        n_held_out: unseen generated pictures to segment.
        n_workers: processes that make pictures; None: one a processor.
        anywhere: make an object finder, and look for objects.
    """

    photos: tuple[Path, ...] = ()
    subject: Subject = FACES
    n_held_out: int = 9
    n_workers: int | None = None
    anywhere: bool = False


@dataclass(frozen=True)
class DemoReports:
    """Who is told what.

    Attributes:
        say: told each step in words.
        on_progress: told what is done, how much of it and of how much.
        distil: told about labelled pictures and training steps.
    """

    say: Callable[[str], None]
    on_progress: Callable[[str, int, int], None]
    distil: DistilReports


def run_demo(folder: Path, choices: DemoChoices, reports: DemoReports) -> tuple[Path, Summary]:
    """Do it all; after a stop, the same call goes on.

    Args:
        folder: a project, made if it is not there.
        choices: what to do.
        reports: who is told what.

    Returns:
        The page, and what became of the photos.

    Raises:
        NotAvailable: the project is there, but its generator cannot be had any more.
        BadPhoto: a photo is not there at all.
        PartlyError: as the steps.
    """
    if choices.photos:
        find_photos(choices.photos, leave_out=[folder])  # better refused now than after the training
    subject = _subject(folder, choices, reports)
    project = _project(folder, subject.generator)
    config = replace(_with_encoder(subject.distil, reports), anywhere=choices.anywhere)
    times = Times(folder / "times.json")
    reports.say(f"Labels: {', '.join(subject.annotation_ids)}, drawn by hand, shipped with Partly")
    import_shipped(project, subject.annotation_ids)

    reports.say("Fitting the few-shot segmenter on it …")
    began = time.monotonic()
    fitted = fit_project(project, subject.few_shot, on_progress=reports.on_progress)
    times.add("fit the few-shot segmenter", began, skipped=fitted.was_there)

    reports.say(f"Labelling {config.n_pictures} generated pictures, and training a network on them …")
    began = time.monotonic()
    distilled = distil_project(project, config, n_workers=choices.n_workers, reports=reports.distil)
    times.add("label generated pictures, train the network", began, skipped=distilled.was_there)

    reports.say("Segmenting pictures it never saw, and photos …")
    began = time.monotonic()
    sources, summary = _segment(project, subject, choices, reports)
    times.add("segment", began, skipped=not summary.segmented)
    return write_demo_page(project, subject, sources, summary, times.seconds), summary


def _subject(folder: Path, choices: DemoChoices, reports: DemoReports) -> Subject:
    """What it is shown on: drawn portraits where the generator of faces cannot be had."""
    known = open_project(folder).settings.generator if is_project(folder) else None
    subject = PORTRAITS if known == PORTRAITS.generator else choices.subject
    if subject.generator not in DOWNLOADS:
        return subject
    try:
        reports.say(f"Generator: {get(subject.generator).folder}")
    except NotAvailable as error:
        if known is not None:
            raise
        reports.say(
            f"The generator of faces cannot be had ({error.found}), and drawn portraits take their place. "
            "For faces, run it in another folder, with a network or after `partly get ffhq --from FILE`."
        )
        return PORTRAITS
    return subject


def _with_encoder(config: DistilConfig, reports: DemoReports) -> DistilConfig:
    """The config, without the pretrained encoder where that cannot be had."""
    if not config.pretrained:
        return config
    try:
        get(ENCODER)
    except NotAvailable as error:
        reports.say(f"Without pretrained encoder, which cannot be had ({error.found}): results are worse.")
        return replace(config, architecture="unet-small", pretrained=False)
    return config


def _project(folder: Path, generator: str) -> Project:
    return (
        open_project(folder)
        if is_project(folder)
        else create_project(folder, Settings(generator, FACE_PARTS))
    )


def _segment(
    project: Project, subject: Subject, choices: DemoChoices, reports: DemoReports
) -> tuple[PhotoSources, Summary]:
    unseen = _unseen_pictures(project, choices.n_held_out, subject.truncation)
    shipped = project.folder / SHIPPED
    subject.write_photos(shipped)
    segmenting = segmenting_network(project.folder, SegmentChoice(anywhere=choices.anywhere))

    def report(progress: Progress) -> None:
        reports.on_progress("segmenting", progress.n_done, progress.n_photos or progress.n_done)

    sources = find_photos([*choices.photos, shipped, unseen], leave_out=[project.folder])
    folder = project.folder / "segmented"
    with PieceClaims(folder, alone=True):
        return sources, segment_all(
            segmenting.network, sources, folder, progress=report, **segmenting.looking
        )


def _unseen_pictures(project: Project, n_pictures: int, truncation: Truncation) -> Path:
    """A folder of generated pictures that neither segmenter nor network saw."""
    folder = project.folder / UNSEEN
    missing = [i for i in range(n_pictures) if not (folder / f"fresh-{i + 1}.png").exists()]
    if missing:
        generator = load_project_generator(project)
        for i in missing:
            w = sample_w(generator, picture_seed("demo"), i, truncation, "demo")
            write_png(folder / f"fresh-{i + 1}.png", picture_pixels(generator, w[0].numpy()))
    return folder
