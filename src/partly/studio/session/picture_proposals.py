"""Pictures for the tray: the first one at once, proposals in the background, others when asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from partly.data.labels import Picture
from partly.errors import BadOption, BadProject, NotReady
from partly.project import ProposedPicture, keep_picture
from partly.storage import PicturePurpose, picture_seed
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.live_models import LiveModels
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.fewshot.features import FeatureSource

KINDS = {"representative": "representative", "unsure": "unsure", "another": "asked"}
"""What can be asked for, with the reason that the tray shows."""

_MOST_PICTURES = 64
_N_FIRST = 24
_FIRST_SEED = 0
_TRUNCATION = (0.5, 1.0)
_TELL_EVERY_S = 0.25


@dataclass(frozen=True)
class ProposalRequest:
    """What pictures are asked for.

    Attributes:
        kind: "representative", "unsure" or "another".
        n: how many.
        truncation: range of the truncation factors; None: as proposals have it.
        seed: of what they are chosen among; None: the next one.

    Raises:
        BadOption: an unknown kind, too many pictures, or a truncation or seed that is none.
    """

    kind: str
    n: int = 1
    truncation: tuple[float, float] | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadOption(f"there is no kind {self.kind!r}", expected=f"one of {', '.join(KINDS)}")
        if not 1 <= self.n <= _MOST_PICTURES:
            raise BadOption(f"{self.n} pictures", expected=f"1 to {_MOST_PICTURES}")
        low, high = self.truncation or _TRUNCATION
        if not 0 <= low <= high <= 2:
            raise BadOption(f"the truncation is {low} to {high}", expected="0 <= low <= high <= 2")
        if self.seed is not None and not 0 <= self.seed < 2**31:
            raise BadOption(f"the seed is {self.seed}", expected="0 or more")


class Proposals:
    """Makes pictures in the worker's thread, and puts them into the tray one by one.

    Attributes:
        progress: how many candidates were looked at, and of how many, while it chooses.
    """

    def __init__(self, workspace: Workspace, models: LiveModels, follower: LiveFollower) -> None:
        self._workspace, self._models, self._follower = workspace, models, follower
        self.progress: tuple[int, int] | None = None
        self._told_at = 0.0
        self._n_asked = 0

    def ask(self, request: ProposalRequest) -> None:
        """Ask for pictures; events tell of them one by one.

        Raises:
            NotReady: unsure ones, before there is anything to be unsure of.
        """
        if request.kind == "unsure" and not self._follower.is_solved:
            raise NotReady("nothing is learned yet", remedy="Paint two parts on a picture first")
        self._n_asked += 1
        urgency = Urgency.AWAITED if request.kind == "another" else Urgency.PROPOSALS
        self._workspace.worker.ask(
            urgency, f"propose {self._n_asked}", lambda: self._propose(request, urgency)
        )

    def first(self) -> None:
        """In the worker's thread: where there is no picture at all, one to begin with.

        It is the one that lies nearest to the mean of a few: for that, no picture need be made.
        """
        with self._workspace.lock:
            if self._workspace.tray.ids():
                return
        from partly.models.generators import Truncation

        source, seed = self._models.source, picture_seed("first picture")
        some = [source.plain("first picture", seed, i, Truncation(*_TRUNCATION)) for i in range(_N_FIRST)]
        index = int(source.typicality(source.codes(some)).argmax())
        first = _proposal(source, seed, index, _TRUNCATION, "first picture")
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
        if is_wanted:
            self.ask(ProposalRequest("representative", self._workspace.choices.n_proposals, seed=_FIRST_SEED))

    def _propose(self, request: ProposalRequest, urgency: Urgency) -> None:
        with self._workspace.lock:
            seed = self._workspace.tray.next_seed if request.seed is None else request.seed
        try:
            proposals = self._chosen(request, seed)
        finally:
            self._tell(None)
        self._keep(proposals, KINDS[request.kind], urgency)
        with self._workspace.lock:
            tray = self._workspace.tray
            tray.is_proposed = tray.is_proposed or request.kind == "representative"
            tray.next_seed = max(tray.next_seed, seed + 1)
            tray.write()

    def _chosen(self, request: ProposalRequest, seed: int) -> Sequence[Proposal]:
        from partly.fewshot.acquisition import least_sure, representative
        from partly.models.generators import Truncation

        source = self._models.source
        if request.kind == "another":
            return [
                _proposal(source, seed, i, request.truncation or _TRUNCATION, "asked pictures")
                for i in range(request.n)
            ]
        known = self._pictures()
        options: dict[str, Any] = {
            "seed": seed,
            "n_candidates": max(self._workspace.choices.n_candidates, request.n + len(known)),
            "truncation": request.truncation and Truncation(*request.truncation),
            "known": known,
            "on_progress": self._looked,
        }
        if request.kind == "representative":
            return representative(source, request.n, **options)
        return least_sure(source, self._doubt_of, request.n, **options)

    def _doubt_of(self, picture: Picture) -> float:
        return self._models.segmenter.uncertainty(picture)

    def _pictures(self) -> list[Picture]:
        """All pictures in the tray."""
        with self._workspace.lock:
            tray = self._workspace.tray
            return [tray.picture(picture_id).pictured for picture_id in tray.ids()]

    def _looked(self, done: int, total: int) -> None:
        """Another candidate was looked at: tell it, and let through what is more urgent."""
        self._tell((done, total))
        self._workspace.worker.give_way(Urgency.PROPOSALS)

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
            picture = self._written(proposal)
            score = None if reason == "asked" else float(proposal.score)
            with self._workspace.lock:
                self._workspace.tray.add(picture, reason, score)
            self._workspace.pictures_changed()

    def _written(self, proposal: Proposal) -> ProposedPicture:
        """The picture as a file of the project."""
        name = f"picture-{proposal.seed}-{proposal.index}-t{round(1000 * proposal.truncation)}"
        w = np.ascontiguousarray(proposal.w[0].numpy())
        facts: dict[str, Any] = {
            "purpose": proposal.purpose,
            "seed": proposal.seed,
            "index": proposal.index,
            "truncation": proposal.truncation,
            "score": proposal.score,
        }
        project, generator = self._workspace.parts.project, self._models.generator
        try:
            return keep_picture(project, generator, name, w, facts)
        except BadProject:
            # Another range of truncation may give nearly the same factor: another picture of this name.
            return keep_picture(project, generator, f"{name}-{w.tobytes().hex()[:8]}", w, facts)


def _proposal(
    source: FeatureSource, seed: int, index: int, truncation: tuple[float, float], purpose: PicturePurpose
) -> Proposal:
    """A picture that nobody chose."""
    from partly.fewshot.acquisition import Proposal
    from partly.models.generators import Truncation

    picture = source.plain(purpose, seed, index, Truncation(*truncation))
    return Proposal(picture, seed, index, 0.0, purpose)
