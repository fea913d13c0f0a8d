"""Pictures for the tray: the first one at once, proposals in the background, others when asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from partly.data.labels import Picture
from partly.errors import NotFound, NotReady
from partly.project import proposal_facts
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.live_models import LiveModels
from partly.studio.session.picture_supply import KINDS, ProposalRequest, ProposalTools
from partly.studio.session.wall import Wall
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal

_FIRST_SEED = 0
_TELL_EVERY_S = 0.25


class Proposals:
    """Makes pictures in the worker's thread, and puts them into the tray one by one.

    Attributes:
        progress: how many candidates were looked at, and of how many, while it chooses.
    """

    def __init__(self, workspace: Workspace, models: LiveModels, follower: LiveFollower, wall: Wall) -> None:
        self._workspace, self._models, self._follower, self._wall = workspace, models, follower, wall
        self.progress: tuple[int, int] | None = None
        self._told_at = 0.0
        self._n_asked = 0

    def ask(self, request: ProposalRequest) -> None:
        """Ask for pictures; events tell of them one by one.

        Raises:
            NotReady: unsure ones, before there is anything to be unsure of.
            NotFound: unsure ones by a part that there is not.
        """
        if request.kind == "unsure" and not self._follower.is_solved:
            raise NotReady("nothing is learned yet", remedy="Paint two parts on a picture first")
        if request.part not in (None, *self._workspace.parts.project.part_set.names):
            raise NotFound(f"there is no part {str(request.part)[:120]!r}")
        self._n_asked += 1
        urgency = Urgency.AWAITED if request.kind == "another" else Urgency.PROPOSALS
        self._workspace.worker.ask(
            urgency, f"propose {self._n_asked}", lambda: self._propose(request, urgency)
        )

    def first(self) -> None:
        """In the worker's thread: where there is no picture at all, one to begin with."""
        with self._workspace.lock:
            if self._workspace.tray.ids():
                return
        try:
            first = self._models.supply.first(self._tools())
        finally:
            self._tell(None)
        if first is None:
            return
        self._keep([first], "representative", Urgency.AWAITED)
        with self._workspace.lock:
            self._workspace.tray.next_seed = _FIRST_SEED + 1
            self._workspace.tray.write()

    def at_first_start(self) -> None:
        """In the worker's thread: where nothing was proposed yet, propose."""
        with self._workspace.lock:
            tray = self._workspace.tray
            n_own = sum(tray.choices(picture_id).reason != "asked" for picture_id in tray.ids())
            is_wanted = not tray.is_proposed and n_own < 2
        n = self._models.supply.n_at_first(self._workspace.choices.n_proposals)
        if is_wanted and n:
            self.ask(ProposalRequest("representative", n, seed=_FIRST_SEED))

    def _propose(self, request: ProposalRequest, urgency: Urgency) -> None:
        with self._workspace.lock:
            seed = self._workspace.tray.next_seed if request.seed is None else request.seed
        try:
            proposals = self._models.supply.chosen(request, seed, self._tools(request.part))
        finally:
            self._tell(None)
        self._keep(proposals, KINDS[request.kind], urgency)
        with self._workspace.lock:
            tray = self._workspace.tray
            tray.is_proposed = tray.is_proposed or request.kind == "representative"
            tray.next_seed = max(tray.next_seed, seed + 1)
            tray.write()

    def _tools(self, part: str | None = None) -> ProposalTools:
        def doubt_of(picture: Picture) -> float:
            return self._models.segmenter.uncertainty(picture, part)

        return ProposalTools(doubt_of, self._looked, self._wait_until)

    def _looked(self, done: int, total: int) -> None:
        """Another candidate was looked at: tell it, and let through what is more urgent."""
        self._tell((done, total))
        self._workspace.worker.give_way(Urgency.PROPOSALS)

    def _wait_until(self, fits: Callable[[], bool]) -> None:
        self._workspace.worker.wait_until(fits, Urgency.PROPOSALS)

    def _tell(self, progress: tuple[int, int] | None) -> None:
        is_due = time.monotonic() - self._told_at > _TELL_EVERY_S or progress is None
        has_changed = progress != self.progress
        self.progress = progress
        if is_due and has_changed:
            self._told_at = time.monotonic()
            done, total = progress or (0, 0)
            self._workspace.events.send("proposing", {"done": done, "total": total})

    def _keep(self, proposals: Sequence[Proposal], reason: str, urgency: Urgency) -> None:
        for place, proposal in enumerate(proposals):
            if place:
                self._workspace.worker.give_way(urgency)
            picture = self._models.supply.keep(proposal.picture, proposal_facts(proposal))
            score = None if reason == "asked" else float(proposal.score)
            with self._workspace.lock:
                self._workspace.tray.add(picture, reason, score)
            self._workspace.pictures_changed()
        self._wall.look()
