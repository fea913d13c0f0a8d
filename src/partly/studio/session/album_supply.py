"""Photos of an album for tray and wall: each is on one of them, as long as there are enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from partly.data.labels import Picture
from partly.data.photos import Pixels
from partly.errors import BadOption, BadPhoto, NotReady
from partly.project import ProposedPicture, keep_photo
from partly.storage import shuffle_stream
from partly.studio.session.album import Album
from partly.studio.session.feature_maker import FeatureMaker
from partly.studio.session.picture_supply import ProposalRequest, ProposalTools
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.fewshot.features import PhotoFeatures

# So many photos are read before the first one is chosen among them, and before others are proposed.
_N_FIRST, _N_ENOUGH = 4, 40
# Of the album, one photo in so many is proposed at the first start at most.
_ONE_IN = 6


class AlbumPictures:
    """Photos in the album's own order: those of the wall, and behind them the candidates for the tray.

    Args:
        workspace: with the tray.
        album: the photos.
        maker: makes their features.

    Attributes:
        source: the photos as a source of features; None: there is none, and photos are taken as they come.
    """

    def __init__(self, workspace: Workspace, album: Album, maker: FeatureMaker) -> None:
        self._workspace, self._album, self._maker = workspace, album, maker
        self.source: PhotoFeatures | None = None
        self._wall: list[str] = []
        self._n_on_wall = 0  # so many have been there

    def first(self, tools: ProposalTools) -> Proposal | None:
        """One of a few photos; without a source of features any that can be read."""
        some = list(islice(self._readable(self._free()), _N_FIRST))
        if self.source is None or not some:
            return _proposal(some[0], 0.0) if some else None
        for picture in some:
            self._maker.want(Urgency.AWAITED, picture)

        def is_done() -> bool:
            done = len(self._at_hand(some)) + sum(p.photo in self._album.passed_over for p in some)
            tools.on_progress(done, len(some))
            return done >= len(some)

        tools.wait_until(is_done)
        made = self._at_hand(some)
        if not made:
            return self.first(tools)  # none of them can be read: there are others, or none
        typicality = self.source.typicality(self.source.codes(made))
        return _proposal(made[int(typicality.argmax())], 0.0)

    def n_at_first(self, n: int) -> int:
        """Few of a small album, so that some are left for the wall."""
        return min(n, max(1, len(self._album) // _ONE_IN), len(list(islice(self._free(), n))))

    def chosen(self, request: ProposalRequest, seed: int, tools: ProposalTools) -> Sequence[Proposal]:
        """Of the candidates whose features are there; where these are few, it waits for more."""
        names = self._candidates()
        if not names:
            raise BadOption(
                "there is no other photo: all are among your pictures already",
                remedy="Add photos to the folder, or drop them on the page",
            )
        if request.kind == "another":
            order = shuffle_stream("plain photos", seed).permutation(len(names))
            some = islice(self._readable(names[i] for i in order), request.n)
            return [_proposal(picture, 0.0) for picture in some]
        if self.source is None:
            raise NotReady("nothing can be told of photos yet", remedy="Ask for another one, at random")
        candidates = self._enough(request.n, tools)
        from partly.fewshot.acquisition import least_sure_among, representative_among

        n = min(request.n, len(candidates))
        if request.kind == "representative":
            places = representative_among(self.source, candidates, n, seed, tools.on_progress)
        else:
            places = least_sure_among(self.source, candidates, tools.doubt_of, n, seed, tools.on_progress)
        return [_proposal(candidates[place], score) for place, score in places]

    def wall(self, n: int) -> tuple[Picture, ...]:
        """Photos that are not in the tray; of a small album no more than half, so that some are left."""
        n_photos = len(self._album.order)
        n = min(n, n_photos - 1, (n_photos + 1) // 2)
        self._wall = []
        free, in_tray = self._free(), self._in_tray(is_painted=False)
        pictures = list(islice(self._readable((*free, *in_tray)), max(0, n)))
        self._wall = [str(picture.photo) for picture in pictures]
        self._n_on_wall = len(pictures)
        return tuple(replace(picture, id=f"wall-{place}") for place, picture in enumerate(pictures))

    def instead(self, wall: Sequence[Picture], place: int) -> Picture | None:
        """The next free photo, if that which is there came into the tray, or cannot be read: then it goes."""
        name = str(wall[place].photo)
        is_readable = name not in self._album.passed_over
        if is_readable and name not in self._in_tray():
            return wall[place]
        fresh = next(self._readable(self._free()), None)
        if fresh is None:
            if is_readable:
                return wall[place]
            del self._wall[place]
            return None
        self._wall[place] = str(fresh.photo)
        self._n_on_wall += 1
        return replace(fresh, id=f"wall-{self._n_on_wall - 1}")

    def want_candidates(self) -> None:
        """Ask for the features of all candidates, behind everything else."""
        for name in self._candidates():
            self._maker.want_named(Urgency.PROPOSALS, name)

    def keep(self, picture: Picture, facts: dict[str, Any]) -> ProposedPicture:
        """With the photo's name and digest."""
        about = {name: value for name, value in facts.items() if name in ("purpose", "score")}
        return keep_photo(self._workspace.parts.project, self._album.photo(str(picture.photo)), about)

    def pixels(self, picture: Picture) -> Pixels:
        """Read from its file; one that cannot be is passed over from now on."""
        name = str(picture.photo)
        try:
            return self._album.photo(name).read().pixels
        except BadPhoto as error:
            self._album.pass_over(name, error)
            raise

    def key(self, picture: Picture) -> str:
        """Of the photo's file."""
        return str(picture.photo_sha256)[:16]

    def _enough(self, n: int, tools: ProposalTools) -> list[Picture]:
        """Candidates whose features are there, each photo once, as soon as there are enough."""

        def are_enough() -> bool:
            self.want_candidates()
            names = self._candidates()
            n_wanted = min(max(_N_ENOUGH, n), len(names))
            n_there = len(self._at_hand(self._known(names)))
            tools.on_progress(min(n_there, n_wanted), n_wanted)
            return n_there >= n_wanted

        tools.wait_until(are_enough)
        with self._workspace.lock:
            tray = self._workspace.tray
            digests = {tray.picture(name).photo_sha256 for name in tray.ids()}
        there = {p.photo_sha256: p for p in self._at_hand(self._known(self._candidates()))}
        new = [picture for digest, picture in there.items() if digest not in digests]
        return new or list(there.values())

    def _candidates(self) -> list[str]:
        """Names of those that may be proposed: of the wall only where there are no others."""
        in_tray = self._in_tray()
        free = list(islice(self._free(), self._workspace.choices.n_candidates))
        return free or [name for name in self._wall if name not in in_tray]

    def _free(self) -> Iterator[str]:
        """Names of photos that are neither in the tray nor on the wall."""
        taken = {*self._in_tray(), *self._wall}
        return (name for name in self._album.order if name not in taken)

    def _in_tray(self, *, is_painted: bool | None = None) -> dict[str, None]:
        """Names of the photos in the tray: of all, or of those that are painted, or not, in order."""
        names: dict[str, None] = {}
        with self._workspace.lock:
            tray = self._workspace.tray
            for picture in map(tray.picture, tray.ids()):
                share = self._workspace.label_maps.facts(picture.id).labelled_share
                if picture.photo is not None and is_painted in (None, share > 0):
                    names[picture.photo] = None
        return names

    def _readable(self, names: Iterable[str]) -> Iterator[Picture]:
        """Photos whose files can be read; the others are told, and passed over."""
        for name in names:
            try:
                yield self._album.picture(name)
            except BadPhoto as error:
                self._workspace.problem(error)

    def _known(self, names: Iterable[str]) -> list[Picture]:
        return [picture for name in names if (picture := self._album.known(name)) is not None]

    def _at_hand(self, pictures: Iterable[Picture]) -> list[Picture]:
        return [picture for picture in pictures if self._maker.is_at_hand(picture)]


def _proposal(picture: Picture, score: float) -> Proposal:
    """A photo, which no random numbers made."""
    from partly.fewshot.acquisition import Proposal

    return Proposal(picture, 0, 0, score)
