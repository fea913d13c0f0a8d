"""The studio's session: a project that is open, what is painted on it, and what follows from that.

A plain object: a page, a test or a notebook use it alike. Its methods may be called from any thread. They
answer at once, but for a few that say so; what takes long is done by one thread of its own, and events tell
when it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.annotations.part_changes import PartChange, Table
from partly.errors import FolderBusy, NotReady, PartlyError
from partly.files import remove_leftovers
from partly.locks import only_writer
from partly.project import Project
from partly.project.pictures import ProposedPicture
from partly.project.state import generator_digest_of
from partly.studio.session.annotation_saver import Saver
from partly.studio.session.asides import put_back
from partly.studio.session.job import Job
from partly.studio.session.jobs import Jobs
from partly.studio.session.label_exchange import export_zip, import_file
from partly.studio.session.label_map_store import LabelMapStore
from partly.studio.session.live_follower import WALL, LiveFollower
from partly.studio.session.live_models import Models
from partly.studio.session.model_ages import Progress
from partly.studio.session.networks import network_facts, network_file
from partly.studio.session.overview import overview, parts_json, picture_json
from partly.studio.session.page_pictures import Image, Images
from partly.studio.session.photo_folder import PhotoFolder
from partly.studio.session.photo_network import PhotoSegmenter, SegmentedPhoto
from partly.studio.session.picture_painting import Painting
from partly.studio.session.picture_proposals import ProposalRequest, Proposer
from partly.studio.session.prediction_cache import Predicted
from partly.studio.session.session_events import Events
from partly.studio.session.session_parts import Parts
from partly.studio.session.studio_paths import StudioPaths
from partly.studio.session.superpixel_cache import Superpixels
from partly.studio.session.tray import Tray
from partly.studio.session.wall import Wall
from partly.studio.session.worker import Urgency, Worker
from partly.studio.session.workspace import StudioChoices, Workspace


class Session:
    """An open project. One at a time; close it, or use it as a context manager, and all is saved.

    Args:
        project: what is worked on.
        choices: how much is looked at.

    Attributes:
        events: what happens; subscribe to hear it.
        painting: strokes, undo, redo.
        photo_folder: the photos that the job "segment" segments.

    Raises:
        FolderBusy: another session has the project.
        BadLabel: the history of the part set is damaged.
    """

    def __init__(self, project: Project, choices: StudioChoices | None = None) -> None:
        self._is_closed = False
        self._folder = ExitStack()
        self._folder.enter_context(_only_session(project))
        with ExitStack() as undone:
            undone.push(self._folder)
            self._workspace = self._laid_out(project, choices or StudioChoices())
            self.events = self._workspace.events
            self._models = Models(self._workspace)
            self._follower = LiveFollower(self._workspace, self._models)
            self._superpixels = Superpixels(self._workspace, self._models)
            self.painting = Painting(self._workspace, self._follower, self._superpixels)
            self._wall = Wall(self._workspace, self._models)
            self._proposer = Proposer(self._workspace, self._models)
            self._images = Images(self._workspace, self._wall)
            self._progress = Progress()
            self._photos = PhotoSegmenter(self._workspace.parts)
            self.photo_folder = PhotoFolder(self._workspace.places.photos)
            self._jobs = Jobs(
                project.folder, self._workspace.places.jobs, self.events, self._workspace.pictures_changed
            )
            self._saver = Saver(
                self._workspace.label_maps, self._find_picture, self._saved, self._workspace.problem
            )
            self._problems = self._begin()
            undone.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Tell everybody, save all, stop any job and the work, and let go of the project.

        Raises:
            PartlyError: an annotation cannot be written; its strokes are safe, and come back at the next
                start.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self.events.send("closing", {})
        with ExitStack() as ending:
            # The last one first: whatever interrupts the rest, all is saved.
            ending.callback(self._folder.close)
            ending.callback(self._workspace.worker.close)
            ending.callback(self._jobs.close)
            ending.callback(self._saver.close)

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._workspace.parts.project

    @property
    def parts_version(self) -> int:
        """Number of the part set as it is now."""
        return self._workspace.parts.history.version

    def state(self) -> dict[str, Any]:
        """All that the page shows, as plain JSON values."""
        self._look()
        models = self._progress.models(self.project, has_unsaved=self._saver.has_unsaved)
        progress = self._proposer.progress
        return overview(self._workspace, models) | {
            "wall": self._wall.ids(),
            "wall_ready": self._wall.ready(),
            "proposing": None if progress is None else {"done": progress[0], "total": progress[1]},
            "live": self._models.state,
            "jobs": [job.to_json() for job in self._jobs.list()],
            "problems": self._problems,
            "n_photos": self.photo_folder.count(),
        }

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Wait until the worker has done all that was asked; False: it took too long."""
        return self._workspace.worker.settle(timeout_s)

    # Pictures

    def image(self, picture_id: str, size_px: int | None = None) -> Image:
        """A picture of tray or wall: at full size as PNG, or a small one as JPEG.

        Raises:
            NotFound: there is none of that id.
            NotReady: it is being made.
            BadOption: no size for a small picture.
        """
        return self._images.get(picture_id, size_px)

    def propose(self, wish: ProposalRequest) -> None:
        """Ask for more pictures; events tell of them one by one.

        Raises:
            NotReady: unsure ones, before there is anything to be unsure of.
        """
        if wish.kind == "unsure" and not self._follower.is_solved:
            raise NotReady("nothing is learned yet", remedy="Paint two parts on a picture first")
        self._proposer.ask(wish)

    def choose(self, picture_id: str, *, place: int | None = None, **choices: bool) -> dict[str, Any]:
        """Decide about a picture; gives it as plain JSON values.

        Args:
            picture_id: which.
            place: put it there in the order, counted from 0.
            **choices: ``pinned`` and ``skipped``.

        Raises:
            NotFound: there is none.
            BadOption: there is no such place.
        """
        with self._workspace.lock:
            self._workspace.tray.picture(picture_id)
            self._workspace.tray.choose(picture_id, **choices)
            if place is not None:
                self._workspace.tray.move(picture_id, place)
        self._workspace.pictures_changed()
        return picture_json(self._workspace, picture_id)

    def take_from_wall(self, wall_id: str) -> dict[str, Any]:
        """Make a picture of the wall one to label, which may take a second; gives it as plain JSON values.

        Raises:
            NotFound: there is none.
        """
        return picture_json(self._workspace, self._wall.take(wall_id).id)

    # What follows

    def prediction(self, picture_id: str) -> Predicted | None:
        """The last prediction of a picture; None: there is none yet.

        Raises:
            NotFound: there is no such picture.
        """
        self._workspace.tray.picture(picture_id)
        return self._follower.predictions.get(picture_id)

    def wall_prediction(self) -> Predicted | None:
        """The last prediction of the wall; None: there is none yet."""
        return self._follower.predictions.get(WALL)

    def superpixels(self, picture_id: str) -> NDArray[np.uint16] | None:
        """Superpixels of a picture, uint16 [s, s]; None: they are being made, and an event will tell.

        Raises:
            NotFound: there is no such picture.
        """
        self._workspace.tray.picture(picture_id)
        return self._superpixels.ask(picture_id)

    # Parts

    def change_parts(self, change: PartChange) -> tuple[list[dict[str, Any]], int, Table]:
        """Change the part set; all that was painted follows.

        Returns:
            The parts, their version, and what becomes of the old ids, uint8 [256].

        Raises:
            BadLabel: the change cannot be.
            BadProject: ``project.toml`` is damaged.
        """
        with self._workspace.lock:
            table = self._workspace.parts.change(change)
            for annotation_id in self._workspace.label_maps.parts_changed():
                self._saver.note(annotation_id, wait_s=0.0)
            parts, parts_version = parts_json(self._workspace), self.parts_version
        self.events.send("parts", {"parts_version": parts_version})
        self._follower.ask()
        return parts, parts_version, table

    # Jobs

    def start_job(self, verb: str, options: Mapping[str, Any]) -> Job:
        """Start a long verb in a process of its own, with all labels saved before.

        Raises:
            BadOption: there is no such job or option.
            JobRunning: another one runs.
            PartlyError: an annotation cannot be written.
        """
        self._jobs.check_free()
        self._saver.flush()
        return self._jobs.start(verb, options)

    def cancel_job(self, job_id: str) -> Job:
        """Stop a job; what it has finished is kept.

        Raises:
            NotFound: there is none.
        """
        return self._jobs.cancel(job_id)

    def job(self, job_id: str) -> Job:
        """A job.

        Raises:
            NotFound: there is none.
        """
        return self._jobs.get(job_id)

    def job_panel(self, job_id: str, name: str) -> Path:
        """The image file of a panel of a job.

        Raises:
            NotFound: there is none.
        """
        return self._jobs.panel(job_id, name)

    # The network

    def segment(self, data: bytes) -> SegmentedPhoto:
        """Segment the photo in the bytes of an image file; takes a second.

        Raises:
            NotReady: there is no network yet.
            BadPhoto: the photo cannot be read, or is too large.
        """
        return self._photos.segment(data)

    def network_file(self) -> Path:
        """The exported network.

        Raises:
            NotFound: there is none, or not of the network of now.
        """
        return network_file(self.project)

    def network_facts(self) -> dict[str, Any]:
        """What the exported network is: parts, size, bytes, digest.

        Raises:
            NotFound: there is none, or not of the network of now.
        """
        return network_facts(self.project)

    # Labels of other programs

    def import_labels(
        self,
        data: bytes,
        file_name: str,
        *,
        picture_id: str | None = None,
        format_name: str = "auto",
        fill: str = "background",
        replace: bool = False,
    ) -> list[str]:
        """Take in a label file, so that it can be undone like a stroke; gives the ids of its pictures.

        Raises:
            BadOption: an unknown format or fill.
            BadLabel: the file cannot be used, or pictures are labelled already.
        """
        self._saver.flush()
        # Annotations are written, and half of one must not be read.
        with self._workspace.lock:
            kept = import_file(
                self.project,
                data,
                file_name,
                picture_id=picture_id,
                format_name=format_name,
                fill=fill,
                replace=replace,
            )
            ids = [one.annotation.id for one in kept]
            self._workspace.tray.look()
            for picture_id in ids:
                if picture_id in self._workspace.tray:
                    self._workspace.label_maps.reopen(self._workspace.tray.picture(picture_id))
        self._follower.ask()
        self._workspace.pictures_changed()
        return ids

    def export_labels(self, *, format_name: str, style: str = "mask", fill: str = "background") -> bytes:
        """All labels as files of another program, in a zip.

        Raises:
            BadOption: an unknown format, style or fill.
            BadProject: nothing is labelled yet.
        """
        self._saver.flush()
        return export_zip(self.project, format_name=format_name, style=style, fill=fill)

    # Inside

    def _laid_out(self, project: Project, choices: StudioChoices) -> Workspace:
        """What all parts share, read from the project after what a kill left is put in order."""
        lock, events = threading.RLock(), Events()
        remove_leftovers(project.folder)
        put_back(project)
        parts = Parts(project)
        tray = Tray(project, StudioPaths.of(project).tray, generator_digest_of(project))
        label_maps = LabelMapStore(parts, lock, self._painted_on)
        return Workspace(lock, parts, tray, label_maps, events, Worker(self._failed), choices)

    def _begin(self) -> dict[str, str]:
        """Take in what is there, and set the threads to work; gives what cannot be read, by picture."""
        workspace = self._workspace
        pictures = [workspace.tray.picture(picture_id) for picture_id in workspace.tray.ids()]
        problems = {name: str(error) for name, error in workspace.label_maps.begin(pictures).items()}
        for annotation_id in workspace.label_maps.outdated():
            self._saver.note(annotation_id, wait_s=0.0)
        workspace.worker.ask(Urgency.AWAITED, "load", self._models.load)
        workspace.worker.ask(Urgency.AWAITED, "first picture", self._proposer.first)
        workspace.worker.ask(Urgency.STROKE, "warm up", self._models.warm_up)
        self._follower.ask()
        workspace.worker.ask(Urgency.SUPERPIXELS, "hang the wall", self._wall.hang)
        workspace.worker.ask(Urgency.PROPOSALS, "first proposals", self._proposer.at_first_start)
        self._saver.start()
        workspace.worker.start()
        return problems

    def _failed(self, task: str, error: Exception) -> None:
        """A task of the worker failed."""
        if task == "load":
            self._models.fail(str(error))
        elif not isinstance(error, NotReady):
            self._workspace.problem(error)

    def _painted_on(self, picture_id: str) -> None:
        """A label map has changed."""
        self._saver.note(picture_id)
        self._follower.ask()

    def _saved(self, annotation_id: str) -> None:
        self.events.send("saved", {"id": annotation_id}, annotation_id)
        self._workspace.pictures_changed()

    def _find_picture(self, picture_id: str) -> ProposedPicture | None:
        with self._workspace.lock:
            tray = self._workspace.tray
            return tray.picture(picture_id) if picture_id in tray else None

    def _look(self) -> None:
        """Pictures and labels that another command has made meanwhile."""
        workspace = self._workspace
        with workspace.lock:
            has_changed = workspace.tray.look()
            for picture_id in workspace.tray.ids():
                try:
                    if workspace.label_maps.look(workspace.tray.picture(picture_id)):
                        has_changed = True
                        self._problems.pop(picture_id, None)
                except PartlyError as error:
                    self._problems[picture_id] = str(error)
        if has_changed:
            self._follower.ask()


@contextmanager
def _only_session(project: Project) -> Iterator[None]:
    """Hold the project, so that no other session paints on it."""
    with ExitStack() as held:
        try:
            held.enter_context(only_writer(StudioPaths.of(project).studio))
        except FolderBusy as error:
            raise FolderBusy(
                "is open in another studio",
                remedy="Use the page of that one, or end it with Ctrl-C",
                path=project.folder,
            ) from error
        yield
