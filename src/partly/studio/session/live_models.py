"""Source of features and live segmenter, which load in the worker's thread: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partly.data.labels import Picture
from partly.errors import NotReady
from partly.studio.session.album import Album
from partly.studio.session.album_supply import AlbumPictures
from partly.studio.session.feature_maker import FeatureMaker
from partly.studio.session.picture_supply import GeneratedPictures, PictureSupply
from partly.studio.session.worker import StudioClosing, Urgency
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.features import FeatureSource
    from partly.machine import Machine
    from partly.studio.live.live_segmenter import LiveSegmenter


class LiveModels:
    """What needs torch; all but :attr:`state` is for the worker's thread.

    Args:
        workspace: what all parts share.
        album: the project's photos, if photos are labelled.
        maker: makes the features of these.

    Attributes:
        problem: why they could not be loaded.
        parts_version: the part set that the segmenter began with.
    """

    def __init__(self, workspace: Workspace, album: Album | None, maker: FeatureMaker | None) -> None:
        self._workspace, self._album, self._maker = workspace, album, maker
        self._source: FeatureSource | None = None
        self._supply: PictureSupply | None = None
        self._segmenter: LiveSegmenter | None = None
        self._progress = (0, workspace.choices.n_wall)
        self._state = "cold"
        self.problem: str | None = None
        self.parts_version = 0

    @property
    def state(self) -> dict[str, Any]:
        """How far they are: ``state`` is cold, warming, ready or failed."""
        done, total = self._progress
        return {"state": self._state, "done": done, "total": total, "problem": self.problem}

    @property
    def source(self) -> FeatureSource:
        """The source of features.

        Raises:
            NotReady: it is not loaded.
        """
        if self._source is None:
            raise NotReady("the features are not there yet", remedy=self.problem)
        return self._source

    @property
    def supply(self) -> PictureSupply:
        """Where pictures come from.

        Raises:
            NotReady: nothing is loaded that they could come from.
        """
        if self._supply is None:
            raise NotReady("there are no pictures yet", remedy=self.problem)
        return self._supply

    @property
    def live(self) -> LiveSegmenter:
        """The live segmenter, which may have to be warmed up yet.

        Raises:
            NotReady: it is not loaded.
        """
        if self._segmenter is None:
            raise NotReady("the live segmenter is not loaded yet", remedy=self.problem)
        return self._segmenter

    @property
    def segmenter(self) -> LiveSegmenter:
        """The live segmenter.

        Raises:
            NotReady: it is not warm yet.
        """
        if self._segmenter is None or self._state != "ready":
            raise NotReady("the live segmenter is not ready yet", remedy=self.problem)
        return self._segmenter

    def load(self) -> None:
        """Load both; the pictures of the wall are known then, but nothing is made of them.

        Raises:
            PartlyError: generator or encoder are not on this machine, or damaged, or there are no photos.
        """
        self._tell("warming", 0)
        from partly.machine import Machine

        machine = Machine.for_inference(self._workspace.machine)
        if self._album is None or self._maker is None:
            self._load_generator(machine)
        else:
            self._load_photos(self._album, self._maker, machine)
        from partly.project import few_shot_config
        from partly.studio.live.live_segmenter import LiveSegmenter

        with self._workspace.lock:
            project, self.parts_version = self._workspace.parts.project, self._workspace.parts.history.version
        self._segmenter = LiveSegmenter(
            self.source,
            project.part_set,
            few_shot_config(project),
            wall=self.supply.wall(self._workspace.choices.n_wall),
        )
        self._progress = (0, len(self._segmenter.wall))

    def _load_generator(self, machine: Machine) -> None:
        from partly.fewshot.features import GeneratorFeatures
        from partly.project import load_project_generator

        source = GeneratorFeatures(load_project_generator(self._workspace.parts.project), machine)
        self._source, self._supply = source, GeneratedPictures(self._workspace, source)

    def _load_photos(self, album: Album, maker: FeatureMaker, machine: Machine) -> None:
        album.look()
        self._supply = supply = AlbumPictures(self._workspace, album, maker)
        from partly.project import project_photo_features

        project = self._workspace.parts.project
        self._source = supply.source = project_photo_features(project, machine=machine)
        maker.begin(supply.source)

    def warm_up(self) -> None:
        """Make the features of the wall; from then on the segmenter can learn.

        Of photos they are made beside, behind those of photos that are labelled, and before the candidates'.
        """
        if self._segmenter is None:
            return
        if self._maker is not None:
            self._want_photos(self._maker, self._segmenter)
            return

        def report(done: int, total: int) -> None:
            self.wall_read(done, total)

        self._segmenter.warm_up(report, lambda: self._workspace.worker.is_closing)
        if self._workspace.worker.is_closing:
            raise StudioClosing
        self.ready()

    def _want_photos(self, maker: FeatureMaker, segmenter: LiveSegmenter) -> None:
        with self._workspace.lock:
            tray, facts = self._workspace.tray, self._workspace.label_maps.facts
            labelled = [tray.picture(name) for name in tray.ids() if facts(name).labelled_share]
        for one in labelled:
            maker.want(Urgency.STROKE, one.pictured)
        for picture in segmenter.wall:
            maker.want(Urgency.WALL, picture)
        self.want_candidates()

    def want_candidates(self) -> None:
        """Have the features of photos made that may be proposed."""
        if isinstance(self._supply, AlbumPictures):
            self._supply.want_candidates()

    def is_at_hand(self, picture: Picture) -> bool:
        """Whether the segmenter may be asked for a picture at once; see :meth:`want`."""
        return self._maker is None or self._maker.is_at_hand(picture)

    def want(self, urgency: Urgency, picture: Picture) -> None:
        """Have the features of a picture made beside, if that is not done in no time. From any thread."""
        if self._maker is not None:
            self._maker.want(urgency, picture)

    def photos_added(self) -> None:
        """The album has more photos. From any thread."""
        if isinstance(self._supply, AlbumPictures) and self._supply.source and self._album:
            self._supply.source.know(self._album.photos)

    def wall_read(self, done: int, total: int) -> None:
        """So many pictures of the wall have their features."""
        self._progress = (done, total)
        self._tell(self._state, done)

    def ready(self) -> None:
        """The segmenter is warm."""
        self._tell("ready", self._progress[0])

    def fail(self, problem: str) -> None:
        """They could not be loaded."""
        self.problem = problem
        if self._maker is not None:
            self._maker.close()
        self._tell("failed", self._progress[0])

    def _tell(self, state: str, done: int) -> None:
        self._state, self._progress = state, (done, self._progress[1])
        self._workspace.events.send("live", self.state)
