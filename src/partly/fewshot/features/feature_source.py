"""Where features come from: a generator's activations, or those of a network that reads photos.

Few-shot fitting, proposals and the studio's live segmenter ask a source alone, and know no generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from partly.data.labels import LabelMap, Picture, Pictured, is_same_picture
from partly.errors import BadPhoto
from partly.machine import Machine
from partly.models import FeaturePyramid, Level
from partly.models.generators import Synthesis, Truncation
from partly.storage import PicturePurpose, picture_seed

_STATISTICS_TRUNCATION = Truncation(0.7, 1.0)


@runtime_checkable
class FeatureSource(Protocol):
    """Gives feature pyramids of pictures, annotated or not; deterministic.

    Attributes:
        levels: what the pyramids hold, coarse to fine.
        image_size_px: side of the square pictures.
        digest: SHA-256 of all that the features of a picture depend on; segmenters are fitted for it.
        n_pictures: how many pictures there are; None: as many as are asked for.
        machine: makes the features. They are float32 and lie on its device, as do pictures beside them;
            segmenters go there.
    """

    levels: tuple[Level, ...]
    image_size_px: int
    digest: str
    n_pictures: int | None
    machine: Machine

    def on(self, machine: Machine) -> FeatureSource:
        """The same source on another machine; its models are moved there."""
        ...

    def check(self, picture: Pictured) -> None:
        """Refuse what is no picture of this source.

        Raises:
            BadLabel: it belongs to something else.
        """
        ...

    def seen(self, label_map: LabelMap) -> LabelMap:
        """What of a picture's label map ``[h, w]`` lies in the square that is read: ``[s, s]``."""
        ...

    def placed(self, label_map: LabelMap, height: int, width: int) -> LabelMap:
        """The reverse of :meth:`seen`, for a picture of this height and width; 255 where nothing was read.

        Args:
            label_map: of the square, ``[s, s]`` with ``s = square_px(height, width)``.
            height: of the picture.
            width: of the picture.
        """
        ...

    def square_px(self, height: int, width: int) -> int:
        """Side of the square that is read of a picture, in pixels of that picture."""
        ...

    def pyramid(self, picture: Pictured, features_px: int) -> FeaturePyramid:
        """The levels of one picture up to ``features_px``; nothing finer is computed.

        Raises:
            BadLabel: it is no picture of this source.
            BadPhoto: its photo cannot be read.
        """
        ...

    def with_image(self, picture: Pictured, features_px: int) -> Synthesis:
        """As :meth:`pyramid`, with the picture itself, ``[1, 3, s, s]`` in about [-1, 1]."""
        ...

    def plain(self, purpose: PicturePurpose, seed: int, index: int, truncation: Truncation) -> Picture:
        """Some picture, labelled or not: a function of its arguments.

        Args:
            purpose: what it is for; no two share their pictures where these are endless.
            seed: of the purpose.
            index: from 0; where pictures are few, below ``n_pictures`` each comes once.
            truncation: how far a generated picture may lie from the mean; photos lie where they lie.
        """
        ...

    def codes(self, pictures: Sequence[Picture]) -> Tensor:
        """A row ``[n, c]`` for each picture, on the processor; of pictures that are alike they are near."""
        ...

    def typicality(self, codes: Tensor) -> Tensor:
        """How usual pictures are, ``[n]``, from their codes ``[n, c]``: minus the distance to the mean."""
        ...


@torch.no_grad()
def pyramid_of(source: FeatureSource, picture: Pictured, level_indexes: Sequence[int]) -> FeaturePyramid:
    """All levels of a picture up to the finest of those chosen; nothing finer is computed."""
    return source.pyramid(picture, source.levels[max(level_indexes)].size_px)


def plain_pyramids(
    source: FeatureSource, n_pictures: int, level_indexes: Sequence[int], but: Sequence[Pictured] = ()
) -> Iterator[FeaturePyramid]:
    """Pyramids up to the finest chosen level, of plain pictures; of all where there are fewer.

    Photos that cannot be read are passed over, and others take their place.

    Args:
        source: has the pictures.
        n_pictures: how many are wanted.
        level_indexes: levels that are read.
        but: labelled pictures, which are passed over as well.

    Raises:
        BadPhoto: not one can be read.
    """
    seed = picture_seed("plain pictures")
    n_read, unreadable = 0, None
    for index in range(n_pictures + len(but) if source.n_pictures is None else source.n_pictures):
        if n_read == n_pictures:
            return
        try:
            picture = source.plain("plain pictures", seed, index, _STATISTICS_TRUNCATION)
            if any(is_same_picture(picture, other) for other in but):
                continue
            pyramid = pyramid_of(source, picture, level_indexes)
        except BadPhoto as error:
            unreadable = error
            continue
        n_read += 1
        yield pyramid
    if unreadable is not None and not n_read:
        raise unreadable


def at_most(source: FeatureSource, n_pictures: int) -> int:
    """So many pictures, or all where there are fewer."""
    return n_pictures if source.n_pictures is None else min(n_pictures, source.n_pictures)
