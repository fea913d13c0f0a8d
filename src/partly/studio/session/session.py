"""The studio's session: a project that is open, what is painted on it, and what follows from that.

A plain object: a page, a test or a notebook use it alike. It is put together here, and used through its
parts, whose methods may be called from any thread. They answer at once, but for a few that say so; what takes
long is done by one thread of its own, and events tell when it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from partly.errors import FolderBusy, NotReady
from partly.machine import MachineOptions
from partly.project import Project, generator_digest_of
from partly.storage import only_writer, remove_leftovers
from partly.studio.session.album import Album
from partly.studio.session.annotation_saver import AnnotationSaver, restore_backups
from partly.studio.session.feature_maker import FeatureMaker
from partly.studio.session.jobs import Jobs
from partly.studio.session.label_exchange import LabelExchange
from partly.studio.session.label_map_store import LabelMapStore
from partly.studio.session.label_quality import QualityMeter
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.live_models import LiveModels
from partly.studio.session.model_ages import ModelAges
from partly.studio.session.open_tabs import OpenTabs
from partly.studio.session.page_pictures import PagePictures
from partly.studio.session.photo_choosing import PhotoChoosing
from partly.studio.session.photo_folder import PhotoFolder
from partly.studio.session.photo_network import PhotoNetwork
from partly.studio.session.picture_painting import Painting
from partly.studio.session.picture_proposals import Proposals
from partly.studio.session.prediction_cache import PredictionCache
from partly.studio.session.session_events import Events
from partly.studio.session.session_parts import PartEditor, Parts
from partly.studio.session.studio_paths import StudioPaths
from partly.studio.session.superpixel_cache import SuperpixelCache
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
        worker: the thread that does what takes long.
        workspace: what all parts share: project, part set, pictures, label maps.
        saver: writes label maps as annotations.
        maker: makes features of photos, beside everything else; None where pictures are generated.
        models: the source of features and the live segmenter.
        predictions: what the live segmenter made of pictures and wall.
        quality: how good the live segmenter is for each part.
        follower: fits and predicts after every stroke.
        superpixels: of the pictures that are painted on.
        painting: strokes, undo, redo, accepting predictions.
        parts: changes the part set.
        wall: other pictures, on which one sees what the segmenter has understood.
        pictures: images of tray and wall, and what was decided about them.
        proposals: more pictures for the tray.
        label_exchange: label files of other programs.
        jobs: long verbs, in processes of their own.
        model_ages: which models are made from the labels of now.
        network: the network for photos.
        photo_folder: the photos that were added to the project.
        photo_choosing: photos by name, to be painted; None where pictures are generated.

    Raises:
        FolderBusy: another session has the project.
        BadLabel: the history of the part set is damaged.
    """

    def __init__(
        self,
        project: Project,
        choices: StudioChoices | None = None,
        machine: MachineOptions | None = None,
    ) -> None:
        self._is_closed = False
        self._folder = ExitStack()
        self._folder.enter_context(_only_session(project))
        with ExitStack() as undone:
            undone.push(self._folder)
            # What a kill left is put in order before anything is read.
            remove_leftovers(project.folder)
            restore_backups(project)
            self.events = Events()
            self.worker = Worker(self._task_failed)
            machine = machine or MachineOptions(device="cpu")
            self.workspace = self._workspace_of(project, choices or StudioChoices(), machine)
            self.saver = AnnotationSaver(self.workspace)
            self.photo_folder = PhotoFolder(self.workspace.paths.photos)
            album = Album(project, self.photo_folder) if project.settings.fitted_on == "photos" else None
            self.maker = None if album is None else FeatureMaker(album, self.events, self.workspace.problem)
            self.models = LiveModels(self.workspace, album, self.maker)
            self.predictions = PredictionCache(self.workspace)
            self.quality = QualityMeter(self.workspace, self.models)
            self.follower = LiveFollower(self.workspace, self.models, self.predictions, self.quality)
            self.superpixels = SuperpixelCache(self.workspace, self.models)
            tabs = OpenTabs(self.events.is_listening)
            self.painting = Painting(self.workspace, tabs, self.follower, self.predictions, self.superpixels)
            self.parts = PartEditor(self.workspace, self.saver, self.follower)
            self.wall = Wall(self.workspace, self.models, self.follower)
            self.pictures = PagePictures(self.workspace, self.wall)
            self.proposals = Proposals(self.workspace, self.models, self.follower, self.wall)
            self.photo_choosing = (
                None if album is None else PhotoChoosing(self.workspace, album, self.models, self.wall)
            )
            self.label_exchange = LabelExchange(self.workspace, self.saver, self.follower, self.wall)
            self.jobs = Jobs(self.workspace, self.saver)
            self.model_ages = ModelAges()
            self.network = PhotoNetwork(self.workspace.parts, machine)
            self._begin()
            undone.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self.workspace.parts.project

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
            ending.callback(self.worker.close)
            if self.maker is not None:
                ending.callback(self.maker.close)
            ending.callback(self.jobs.close)
            ending.callback(self.saver.close)

    def _workspace_of(self, project: Project, choices: StudioChoices, machine: MachineOptions) -> Workspace:
        lock, parts = threading.RLock(), Parts(project)
        tray = Tray(project, StudioPaths.of(project).tray, generator_digest_of(project))
        label_maps = LabelMapStore(parts, lock, self._label_map_changed)
        return Workspace(lock, parts, tray, label_maps, self.events, self.worker, choices, machine)

    def _begin(self) -> None:
        """Take in the labels that are there, and set the threads to work."""
        if self.maker is not None:
            self.maker.listen(self.follower.features_made, self.wall.look)
        self.workspace.read_labels()
        for annotation_id in self.workspace.label_maps.outdated():
            self.saver.note(annotation_id, wait_s=0.0)
        self.worker.ask(Urgency.AWAITED, "load", self.models.load)
        self.worker.ask(Urgency.AWAITED, "first picture", self.proposals.first)
        self.worker.ask(Urgency.STROKE, "warm up", self.models.warm_up)
        self.follower.ask()
        self.worker.ask(Urgency.SUPERPIXELS, "pictures of the wall", self.wall.prepare)
        self.worker.ask(Urgency.PROPOSALS, "first proposals", self.proposals.at_first_start)
        self.saver.start()
        self.worker.start()

    def _task_failed(self, task: str, error: Exception) -> None:
        if task == "load":
            self.models.fail(str(error))
        elif not isinstance(error, NotReady):
            self.workspace.problem(error)

    def _label_map_changed(self, picture_id: str) -> None:
        self.saver.note(picture_id)
        self.follower.ask()


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
