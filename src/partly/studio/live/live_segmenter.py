"""Ridge regression that follows the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.data.labels import UNLABELLED, LabelMap, PartSet, Picture, Pictured
from partly.errors import BadLabel
from partly.fewshot.features import FeatureSource
from partly.fewshot.fitting import (
    FewShotConfig,
    LabelQuality,
    default_sizes,
    layout_of_shares,
    live_method,
    renumbered,
    shares,
)
from partly.fewshot.segmenters import (
    LAYOUT_PX,
    FewShotSegmenter,
    choose_levels,
    uncertainty,
    uncertainty_of_part,
)
from partly.studio.live.live_predictions import Prediction, read_off, shape_of_area
from partly.studio.live.live_quality import LiveQuality, Painted
from partly.studio.live.shown_pictures import ShownPictures
from partly.studio.live.wall_features import OnProgress, ShouldStop, WallFeatures, usual_wall

_PREDICTION_PX = 256


@dataclass
class _Labels:
    """Labels of one picture, and how much of each cell each part covers, ``[g², k]``."""

    picture: Pictured
    covered: Tensor
    is_taken_in: bool = False


class LiveSegmenter:
    """Ridge regression refitted after every stroke from running sums, with the choices of ``fit_few_shot``.

    What differs from ``fit_few_shot``: mean and deviation of the features come from the wall's pictures (of
    an empty wall, from those shown), it does not train itself, and parts may still be without a label; these
    are never predicted. It fits and predicts on the machine of the source. To be used from one thread.

    For the face generator of 1024 px it keeps about 350 MB for a wall of 24, 210 MB for the pictures shown
    last, 55 MB for solving, and 35 MB for each labelled picture; and 15 MB for each, up to 300 MB, once it is
    asked how good it is.

    Args:
        source: makes the features.
        part_set: what ids mean.
        config: the choices; of its methods, the first that is live counts, else plain ridge regression.
        n_wall: how many pictures the wall has; the statistics come from them.
        wall: these pictures, of which there may be none, in place of ``n_wall`` of the source's own choice.
    """

    def __init__(
        self,
        source: FeatureSource,
        part_set: PartSet,
        config: FewShotConfig | None = None,
        *,
        n_wall: int = 24,
        wall: Sequence[Picture] | None = None,
    ) -> None:
        self._config = config or FewShotConfig()
        self._method = live_method(self._config.methods)
        self._part_set, self._source = part_set, source
        indexes = choose_levels(source.levels, default_sizes(source))
        self._channels = [source.levels[i].n_channels for i in indexes]
        self._fit = self._method.running_fit(self._untrained(), self._config, LAYOUT_PX)
        self._size_px = min(_PREDICTION_PX, source.image_size_px)
        self._wall = WallFeatures(source, indexes, usual_wall(source, n_wall) if wall is None else wall)
        self._shown = ShownPictures(source, indexes, LAYOUT_PX)
        self._quality = LiveQuality(self._shown.read)
        self._pictures: dict[str, Pictured] = {}
        self._labels: dict[str, _Labels] = {}
        self._parts: Tensor | None = None  # ids that can be told apart since the last solve
        self._is_warm = False
        self._version = 0

    @property
    def is_warm(self) -> bool:
        """Whether :meth:`warm_up` is through."""
        return self._is_warm

    @property
    def version(self) -> int:
        """How often it was fitted: the number of the last :meth:`solve`."""
        return self._version

    @property
    def wall(self) -> tuple[Picture, ...]:
        """The pictures of the wall."""
        return self._wall.pictures

    @torch.no_grad()
    def warm_up(self, on_progress: OnProgress | None = None, should_stop: ShouldStop | None = None) -> None:
        """Make the features of the wall, and the statistics. A stopped one is gone on with when called again.

        Args:
            on_progress: told how many pictures are done, and of how many.
            should_stop: asked before each picture; if it says so, the segmenter is not warm afterwards.
        """
        if self._is_warm:
            return
        for place in self._wall.unread:
            if should_stop is not None and should_stop():
                return
            self._wall.read(place)
            if on_progress is not None:
                on_progress(self._wall.n_read, len(self.wall))
        self.standardise()

    @property
    def n_wall_read(self) -> int:
        """How many pictures of the wall have their features."""
        return self._wall.n_read

    @torch.no_grad()
    def read_wall(self, place: int) -> None:
        """Make the features of one picture of the wall; for whoever has them made one by one."""
        self._wall.read(place)

    def replace_on_wall(self, place: int, picture: Picture) -> None:
        """Put another picture on the wall, in the place of one; it is predicted once it was read."""
        self._wall.replace(place, picture)

    def remove_from_wall(self, place: int) -> None:
        """Take a picture off the wall; those behind it move up."""
        self._wall.remove(place)

    @torch.no_grad()
    def standardise(self) -> bool:
        """Take mean and deviation of the features from what was read of the wall; it is warm then.

        Where it was warm before, all that was learned is taken in anew with the next :meth:`solve`, and
        nothing is predicted until then.

        Returns:
            Whether there are features to take them from: where the wall is empty, those of a picture shown.
        """
        moments = self._wall.moments or self._shown.moments()
        if moments is None:
            return False
        if self._is_warm:
            self._fit = self._method.running_fit(self._untrained(), self._config, LAYOUT_PX)
            self._parts = None
            self._shown.forget_rows()
            for labels in self._labels.values():
                labels.is_taken_in = False
        self._fit.segmenter.standardiser.set(moments)
        self._is_warm = True
        return True

    @torch.no_grad()
    def show(self, picture: Pictured) -> None:
        """Keep the features of a picture at hand, so that it is quick to learn and to predict.

        The last three pictures shown or predicted are. Of one that already is, nothing is made again.
        """
        self._pictures[picture.id] = picture
        is_new = not self._shown.has(picture)
        self._shown.show(picture)
        if is_new and self._is_warm:
            # Now rather than at the first stroke: somebody waits for the picture anyhow.
            self._fit.settle(but=picture.id)
            self._shown.rows(picture, self._fit.segmenter)

    @torch.no_grad()
    def learn(self, picture: Pictured, label_map: LabelMap) -> None:
        """Take the labels of a picture in, in place of what was known of it; without any it is forgotten.

        Before the warm-up they are put by for :meth:`solve`.

        Args:
            picture: what is labelled, known by its id.
            label_map: uint8 ``[h, w]``, 255 where unlabelled.

        Raises:
            BadLabel: an id is of no part.
        """
        id = picture.id
        self._check(id, label_map)
        covered = shares(self._source.seen(label_map), self._part_set.n_parts, LAYOUT_PX)
        if not covered.any():
            self._forget(id)
            return
        self._labels[id] = _Labels(picture, covered)
        self._pictures[id] = picture
        if self._is_warm:
            self._take_in(id)

    @torch.no_grad()
    def set_parts(self, part_set: PartSet, table: NDArray[np.uint8]) -> None:
        """Go on with other parts. Nothing is predicted until the next :meth:`solve`.

        Pictures in which parts were merged, or labelled ones deleted, are read again then.

        Args:
            part_set: the new one.
            table: uint8 ``[256]``, the new id of each old one; 255 for parts that are no more.
        """
        new_ids = [None if new == UNLABELLED else new for new in table[: self._part_set.n_parts].tolist()]
        self._part_set, self._parts = part_set, None
        for id, labels in list(self._labels.items()):
            labels.is_taken_in &= _stay_apart(labels.covered, new_ids)
            labels.covered = renumbered(labels.covered, new_ids, part_set.n_parts)
            if not labels.covered.any():
                self._forget(id)
            elif not labels.is_taken_in and id in self._fit.names:
                self._fit.remove(id)
        segmenter = self._untrained()
        segmenter.standardise_as(self._fit.segmenter.standardiser)
        fit = self._method.running_fit(segmenter, self._config, LAYOUT_PX)
        self._fit.renumber(fit.segmenter, new_ids)

    @torch.no_grad()
    def solve(self) -> bool:
        """Refit to all that was learned.

        Returns:
            Whether there is something to predict: two parts at the least have a label.
        """
        self.warm_up()
        self._version += 1
        for id, labels in self._labels.items():
            if not labels.is_taken_in:
                self._take_in(id)
        counts = torch.zeros(self._part_set.n_parts)
        for labels in self._labels.values():
            counts += labels.covered.sum(0)
        parts = counts.nonzero()[:, 0]
        self._parts = parts if len(parts) > 1 else None
        if self._parts is None:
            return False
        segmenter = self._fit.refit()
        if (spread := self._config.spread) is not None:
            covered = [labels.covered for labels in self._labels.values()]
            segmenter.layout.copy_(layout_of_shares(covered, self._part_set, spread))
        return True

    @torch.no_grad()
    def predict(self, id: str, shape: tuple[int, int] = (1, 1)) -> Prediction:
        """Labels and doubt of a picture that was shown or learned, at 256 px or its size where that is less.

        Args:
            id: which picture.
            shape: its height and width; what is said of it has this aspect ratio, and about as many pixels as
                such a square.

        Raises:
            BadLabel: the last :meth:`solve` found fewer than two parts, or there was none yet.
            KeyError: the picture was neither shown nor learned.
        """
        parts = self._told_apart()
        pyramid = self._shown.show(self._pictures[id])
        said = shape_of_area(*shape, self._size_px)
        labels, doubt = read_off(self._fit.segmenter(pyramid, self._size_px), parts, said)
        return Prediction(labels[0], doubt[0], self._version)

    @torch.no_grad()
    def uncertainty(self, picture: Pictured, part: str | None = None) -> float:
        """How unsure it is of a picture, 0 to 1, or of one part of it; nothing of the picture is kept.

        Raises:
            BadLabel: as for :meth:`predict`; or no label shows the part.
        """
        parts = self._told_apart()
        logits = self._fit.segmenter(self._shown.made(picture), LAYOUT_PX)[:, parts]
        if part is None:
            return float(uncertainty(logits))
        shown = [self._part_set.names[id] for id in parts.tolist()]
        if part not in shown:
            raise BadLabel(f"no label shows {part!r}", expected=f"one of {', '.join(shown)}")
        return float(uncertainty_of_part(logits, shown.index(part)))

    @torch.no_grad()
    def quality(self, should_stop: ShouldStop | None = None) -> LabelQuality | None:
        """How good it is for each part, told from all that was learned; the wall's pictures are the others.

        It takes a second or more: each labelled picture is left out once.

        Args:
            should_stop: asked before each picture; if it says so, nothing is returned.

        Raises:
            BadLabel: as for :meth:`predict`.
        """
        self._told_apart()
        painted = {id: Painted(labels.picture, labels.covered) for id, labels in self._labels.items()}
        others = self._wall.features(but=[labels.picture for labels in self._labels.values()])
        part_set, spread = self._part_set, self._config.spread
        return self._quality.measured(self._fit, painted, others, part_set, spread, should_stop)

    @overload
    def predict_wall(self) -> Prediction: ...
    @overload
    def predict_wall(self, should_stop: ShouldStop) -> Prediction | None: ...
    @torch.no_grad()
    def predict_wall(self, should_stop: ShouldStop | None = None) -> Prediction | None:
        """Labels and doubt of the wall's pictures, ``[n, t, t]``, at 128 px or their size where that is less.

        Args:
            should_stop: asked before each picture; if it says so, nothing is returned.

        Raises:
            BadLabel: as for :meth:`predict`.
        """
        said = self._wall.predict(self._fit.segmenter, self._told_apart(), should_stop)
        return None if said is None else Prediction(*said, self._version)

    def _untrained(self) -> FewShotSegmenter:
        indexes = range(len(self._channels))
        begun = self._method.untrained(self._part_set.n_parts, indexes, self._channels, self._config)
        self._source.machine.place(begun)
        return begun

    def _told_apart(self) -> Tensor:
        if self._parts is None:
            raise BadLabel(
                "fewer than two parts have a label", remedy="Label a few pixels of two parts, then solve"
            )
        return self._parts

    def _take_in(self, id: str) -> None:
        labels = self._labels[id]
        rows = self._shown.rows(labels.picture, self._fit.segmenter)
        self._fit.add_rows(id, rows, labels.covered)
        labels.is_taken_in = True

    def _forget(self, id: str) -> None:
        if self._labels.pop(id, None) is not None and id in self._fit.names:
            self._fit.remove(id)

    def _check(self, id: str, label_map: LabelMap) -> None:
        unknown = label_map[(label_map >= self._part_set.n_parts) & (label_map != UNLABELLED)]
        if len(unknown):
            raise BadLabel(
                f"picture {id!r} has the label {unknown[0]}",
                expected=f"0 to {self._part_set.n_parts - 1}, or {UNLABELLED} for unlabelled",
            )


def _stay_apart(covered: Tensor, new_ids: Sequence[int | None]) -> bool:
    """Whether the labels stay as they are but for their numbers."""
    new = [new_ids[old] for old in covered.any(0).nonzero()[:, 0].tolist()]
    return None not in new and len(set(new)) == len(new)
