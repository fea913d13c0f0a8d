"""Where a session's pictures come from: made by a generator, or photos of an album."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from partly.data.labels import Picture
from partly.data.photos import Pixels
from partly.errors import BadOption, BadProject
from partly.project import ProposedPicture, keep_picture, picture_pixels, worth_labelling
from partly.storage import PicturePurpose, picture_seed
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal, Worth
    from partly.fewshot.features import GeneratorFeatures

KINDS = {"representative": "representative", "unsure": "unsure", "another": "asked"}
"""What can be asked for, with the reason that the tray shows."""

_MOST_PICTURES = 64
_N_FIRST = 24
_TRUNCATION = (0.5, 1.0)


@dataclass(frozen=True)
class ProposalRequest:
    """What pictures are asked for.

    Attributes:
        kind: "representative", "unsure" or "another".
        n: how many.
        truncation: range of the truncation factors; None: as proposals have it. Photos have none.
        seed: of what they are chosen among; None: the next one.
        part: "unsure" by this part alone; None: by the whole picture.

    Raises:
        BadOption: an unknown kind, too many pictures, a truncation or seed that is none, or a part that the
            kind does not have.
    """

    kind: str
    n: int = 1
    truncation: tuple[float, float] | None = None
    seed: int | None = None
    part: str | None = None

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
        if self.part is not None and self.kind != "unsure":
            raise BadOption(f"a part for pictures of the kind {self.kind!r}", expected="the kind 'unsure'")


@dataclass(frozen=True)
class ProposalTools:
    """What a supply is given to choose with.

    Attributes:
        doubt_of: how unsure the segmenter is of a picture, 0 to 1; for unsure ones.
        on_progress: told how many candidates were looked at, and of how many; lets through what is urgent.
        wait_until: does other work until something holds; for what is made beside.
    """

    doubt_of: Callable[[Picture], float]
    on_progress: Callable[[int, int], None]
    wait_until: Callable[[Callable[[], bool]], None]


class PictureSupply(Protocol):
    """Pictures for tray and wall; used in the worker's thread, but for :meth:`keep` and :meth:`pixels`."""

    def first(self, tools: ProposalTools) -> Proposal | None:
        """The picture to begin with, which lies near the mean of a few; None where there is none at all."""
        ...

    def n_at_first(self, n: int) -> int:
        """How many are proposed at the first start, where ``n`` would be usual."""
        ...

    def chosen(self, request: ProposalRequest, seed: int, tools: ProposalTools) -> Sequence[Proposal]:
        """The pictures that somebody asked for; fewer where there are not as many.

        Raises:
            NotReady: nothing is loaded that could tell which are worth labelling.
            BadOption: there is no other picture.
        """
        ...

    def wall(self, n: int) -> tuple[Picture, ...]:
        """About ``n`` pictures for the wall, named "wall-0" and so on: always the same, where possible."""
        ...

    def instead(self, wall: Sequence[Picture], place: int) -> Picture | None:
        """What should be at a place of the wall: what is there, or another picture; None: nothing."""
        ...

    def keep(self, picture: Picture, facts: dict[str, Any]) -> ProposedPicture:
        """A picture as a file of the project that can be painted on, made unless it is there.

        Raises:
            PartlyError: it cannot be made, read or written.
        """
        ...

    def pixels(self, picture: Picture) -> Pixels:
        """The whole picture, uint8 ``[h, w, 3]``.

        Raises:
            PartlyError: it cannot be read.
        """
        ...

    def key(self, picture: Picture) -> str:
        """Another one means another picture."""
        ...


class GeneratedPictures:
    """A generator's pictures: endless, and made where they are asked for.

    Args:
        workspace: with the tray.
        source: the generator as a source of features.
    """

    def __init__(self, workspace: Workspace, source: GeneratorFeatures) -> None:
        self._workspace, self._source = workspace, source

    @cached_property
    def _worth(self) -> Worth | None:
        return worth_labelling(self._workspace.parts.project, self._source)

    def first(self, tools: ProposalTools) -> Proposal | None:  # noqa: ARG002
        """For that, no picture need be made: latents have a mean."""
        from partly.models.generators import Truncation

        source, seed = self._source, picture_seed("first picture")
        some = [source.plain("first picture", seed, i, Truncation(*_TRUNCATION)) for i in range(_N_FIRST)]
        index = int(source.typicality(source.codes(some)).argmax())
        return self._drawn(seed, index, _TRUNCATION, "first picture")

    def n_at_first(self, n: int) -> int:
        """As many as usual, and as the generator has classes or codes: one picture of each."""
        return max(n, min(len(self._source.generator.drawn_classes), _MOST_PICTURES))

    def chosen(self, request: ProposalRequest, seed: int, tools: ProposalTools) -> Sequence[Proposal]:
        """Of fresh pictures, made for that."""
        from partly.fewshot.acquisition import least_sure, representative
        from partly.models.generators import Truncation

        if request.kind == "another":
            truncation = request.truncation or _TRUNCATION
            return [self._drawn(seed, i, truncation, "asked pictures") for i in range(request.n)]
        with self._workspace.lock:
            known = [self._workspace.tray.picture(name).pictured for name in self._workspace.tray.ids()]
        options: dict[str, Any] = {
            "seed": seed,
            "n_candidates": max(self._workspace.choices.n_candidates, request.n + len(known)),
            "truncation": request.truncation and Truncation(*request.truncation),
            "known": known,
            "on_progress": tools.on_progress,
        }
        if request.kind == "representative":
            return representative(self._source, request.n, worth=self._worth, **options)
        return least_sure(self._source, tools.doubt_of, request.n, **options)

    def wall(self, n: int) -> tuple[Picture, ...]:
        """Pictures of a stream of their own."""
        from partly.studio.live.wall_features import usual_wall

        return usual_wall(self._source, n)

    def instead(self, wall: Sequence[Picture], place: int) -> Picture | None:
        """The same, whatever is labelled."""
        return wall[place]

    def keep(self, picture: Picture, facts: dict[str, Any]) -> ProposedPicture:
        """With its latent."""
        w = np.ascontiguousarray(_latent_of(picture))
        if "seed" not in facts:
            name = f"picture-w{hashlib.sha256(w.tobytes()).hexdigest()[:10]}"
            return keep_picture(self._workspace.parts.project, self._source.generator, name, w)
        name = f"picture-{facts['seed']}-{facts['index']}-t{round(1000 * facts['truncation'])}"
        project, generator = self._workspace.parts.project, self._source.generator
        try:
            return keep_picture(project, generator, name, w, facts)
        except BadProject:
            # Another range of truncation may give nearly the same factor: another picture of this name.
            return keep_picture(project, generator, f"{name}-{w.tobytes().hex()[:8]}", w, facts)

    def pixels(self, picture: Picture) -> Pixels:
        """Synthesised."""
        return picture_pixels(self._source.generator, _latent_of(picture))

    def key(self, picture: Picture) -> str:
        """Of latent and generator."""
        return hashlib.sha256(_latent_of(picture).tobytes() + self._source.digest.encode()).hexdigest()[:16]

    def _drawn(
        self, seed: int, index: int, truncation: tuple[float, float], purpose: PicturePurpose
    ) -> Proposal:
        """A picture that nobody chose."""
        from partly.fewshot.acquisition import Proposal
        from partly.models.generators import Truncation

        picture = self._source.plain(purpose, seed, index, Truncation(*truncation))
        return Proposal(picture, seed, index, 0.0, purpose)


def _latent_of(picture: Picture) -> np.ndarray:
    assert picture.w is not None, "the pictures of a project with a generator are generated"
    return picture.w
