"""The generator and the live segmenter, which load in the worker's thread: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partly.errors import NotReady
from partly.studio.session.worker import StudioClosing
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.features import GeneratorFeatures
    from partly.models.generators import Generator
    from partly.studio.live.live_segmenter import LiveSegmenter


class LiveModels:
    """What needs torch; all but :attr:`state` is for the worker's thread.

    Attributes:
        problem: why they could not be loaded.
        parts_version: the part set that the segmenter began with.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._source: GeneratorFeatures | None = None
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
    def generator(self) -> Generator:
        """The generator.

        Raises:
            NotReady: it is not loaded.
        """
        return self.source.generator

    @property
    def source(self) -> GeneratorFeatures:
        """The generator as a source of features.

        Raises:
            NotReady: it is not loaded.
        """
        if self._source is None:
            raise NotReady("the generator is not loaded yet", remedy=self.problem)
        return self._source

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
        """Load both; the pictures of the wall are known then, but nothing is synthesised.

        Raises:
            PartlyError: the generator is not on this machine, or damaged.
        """
        from partly.fewshot.features import GeneratorFeatures
        from partly.project import few_shot_config, load_project_generator
        from partly.studio.live.live_segmenter import LiveSegmenter

        self._tell("warming", 0)
        with self._workspace.lock:
            project, self.parts_version = self._workspace.parts.project, self._workspace.parts.history.version
        self._source = GeneratorFeatures(load_project_generator(project))
        self._segmenter = LiveSegmenter(
            self._source,
            project.part_set,
            few_shot_config(project),
            n_wall=self._workspace.choices.n_wall,
        )

    def warm_up(self) -> None:
        """Make the features of the wall; from then on the segmenter can learn."""
        if self._segmenter is None:
            return

        def report(done: int, total: int) -> None:
            self._progress = (done, total)
            self._tell("warming", done)

        self._segmenter.warm_up(report, lambda: self._workspace.worker.is_closing)
        if self._workspace.worker.is_closing:
            raise StudioClosing
        self._tell("ready", self._progress[1])

    def fail(self, problem: str) -> None:
        """They could not be loaded."""
        self.problem = problem
        self._tell("failed", self._progress[0])

    def _tell(self, state: str, done: int) -> None:
        self._state, self._progress = state, (done, self._progress[1])
        self._workspace.events.send("live", self.state)
