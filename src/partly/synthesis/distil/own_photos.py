"""A person's own photos, for networks whose teacher is a generator's: painted ones, and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from partly.data.labels import Annotation
from partly.data.photos import PhotoSet
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.models.generators import to_bytes
from partly.storage import tensor_seed
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.labelled_photos import painted_shares
from partly.synthesis.distil.painted_pictures import LEAST_SHARE, painted_pictures, with_painted
from partly.synthesis.distil.squared_photos import painted_squares, unpainted_squares
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.augment.segmentation import Augmentation, augment
from partly.training.segmentation import ArrayPictures, LabelledPictures, resized, to_images

# Photos of which mean and deviation of the features are taken.
_N_STATISTICS = 150
# Copies of painted photos for a head, of all of them: each takes a second to read.
_N_CHANGED = 120
# Pictures that are changed together, and lend each other backdrops.
_AT_A_TIME = 8


@dataclass(frozen=True, eq=False)
class OwnPhotos:
    """Photos of what the generator's pictures show.

    Attributes:
        source: knows the photos.
        annotations: of those that were painted; networks learn from them as from painted pictures.
    """

    source: PhotoFeatures
    annotations: Sequence[Annotation] = ()

    def painted(self, n_parts: int, sizes: SynthesisConfig) -> ArrayPictures:
        """What was painted; even shares where nothing was.

        Raises:
            BadLabel: an annotation is of no photo of these, or of one that has changed.
            BadPhoto: a photo cannot be read.
        """
        anything = torch.full((n_parts, 1, 1), 1 / n_parts)
        return painted_squares(
            self.source, self.annotations, sizes, lambda a, _: painted_shares(a.label_map, anything)
        )

    def unpainted(self, config: DistilConfig, folder: Path) -> PhotoSet | None:
        """Some of the others, in squares, to take statistics of; None where there are fewer than two."""
        if len(self.source.photos) < len(self.annotations) + 2:
            return None
        return unpainted_squares(self.source, self.annotations, config, folder, _N_STATISTICS)


@dataclass(frozen=True, eq=False)
class Painted:
    """What networks of a generator's teacher learn from besides its labels.

    Attributes:
        pictures: painted pictures of the generator, or None.
        picture_share: of all that is learned from but the photos.
        photos: painted photos, or None.
        photo_share: of all that is learned from.
    """

    pictures: ArrayPictures | None = None
    picture_share: float = 0.0
    photos: ArrayPictures | None = None
    photo_share: float = 0.0

    @classmethod
    def of(cls, teacher: Teacher, config: DistilConfig, own: OwnPhotos | None = None) -> Painted:
        """As the config says, of what was painted.

        Raises:
            BadOption: a share of painted pictures, of which there are none.
            BadLabel: an annotation is of another generator, or of a photo that is not there or has changed.
        """
        n_parts, sizes = teacher.part_set.n_parts, config.synthesis()
        pictures = photos = None
        if config.painted_share:
            if not teacher.annotations:
                raise BadOption(
                    "no labelled pictures to learn from", expected="annotations, or a painted_share of 0"
                )
            pictures = painted_pictures(teacher.generator, teacher.annotations, n_parts, sizes)
        if config.painted_photo_share and own is not None and own.annotations:
            photos = own.painted(n_parts, sizes)
        return cls(pictures, config.painted_share, photos, config.painted_photo_share)

    def among(self, labelled: LabelledPictures) -> LabelledPictures:
        """What was painted among pictures that the teacher labelled, photos and all."""
        return with_painted(self.pictures_among(labelled), self.photos, self.photo_share)

    def pictures_among(self, labelled: LabelledPictures) -> LabelledPictures:
        """Painted pictures alone among them: few photos, seen too often, would be learned by heart."""
        return with_painted(labelled, self.pictures, self.picture_share)

    def for_a_head(self, size_px: int, mirror_permutation: tuple[int, ...], seed: int) -> Painted:
        """The same for a head, which does not see new changes of a picture in each step.

        Of photos it gets copies, changed as an auto-shot network sees them.
        """
        if self.photos is None:
            return self
        n_copies = max(1, round(_N_CHANGED / len(self.photos)))
        changed = changed_copies(self.photos, n_copies, size_px, mirror_permutation, seed)
        return replace(self, photos=changed)


def changed_copies(
    pictures: ArrayPictures, n_copies: int, size_px: int, mirror_permutation: tuple[int, ...], seed: int
) -> ArrayPictures:
    """Pictures, and copies of each that are changed at random, labels alike.

    Args:
        pictures: with soft labels.
        n_copies: of each.
        size_px: side of the copies.
        mirror_permutation: the part that each part becomes in a mirrored picture.
        seed: of the changes.

    Returns:
        Images uint8 ``[n (n_copies + 1), 3, size_px, size_px]``, logits of the labels' own size. What a copy
        shows beyond its picture is reflected, picture and labels alike.
    """
    images = [to_bytes(resized(to_images(pictures.images), size_px).clamp(-1, 1), size_px)]
    logits = [pictures.logits]
    for copy in range(n_copies):
        draws = torch.Generator().manual_seed(tensor_seed("augmentation", seed, copy))
        for start in range(0, len(pictures), _AT_A_TIME):
            some = range(start, min(start + _AT_A_TIME, len(pictures)))
            changed, labels = _changed(pictures, some, size_px, mirror_permutation, draws)
            images.append(changed)
            logits.append(labels)
    return ArrayPictures(torch.cat(images), torch.cat(logits))


def _changed(
    pictures: ArrayPictures,
    some: Sequence[int],
    size_px: int,
    mirror_permutation: tuple[int, ...],
    draws: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Images and logits of changed copies of some pictures, as :func:`changed_copies` has them."""
    shown, logits, _ = pictures.read(some)
    changed, labels, _ = augment(
        to_images(shown),
        resized(logits, shown.shape[-1]),
        size_px=size_px,
        augmentation=Augmentation(),
        mirror_permutation=mirror_permutation,
        generator=draws,
    )
    shares = resized(labels.softmax(1), logits.shape[-1])
    return to_bytes(changed.clamp(-1, 1), size_px), shares.clamp_min(LEAST_SHARE).log()
