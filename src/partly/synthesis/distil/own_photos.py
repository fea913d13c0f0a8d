"""A person's own photos, for networks whose teacher is a generator's: painted ones, and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from partly.data.labels import Annotation
from partly.data.photos import PhotoSet
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.labelled_photos import painted_shares
from partly.synthesis.distil.painted_pictures import painted_pictures
from partly.synthesis.distil.squared_photos import painted_squares, unpainted_squares
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.segmentation import ArrayPictures, LabelledPictures


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
        """At most ``config.n_pictures`` of the others, in squares; None where there are fewer than two."""
        if len(self.source.photos) < len(self.annotations) + 2:
            return None
        return unpainted_squares(self.source, self.annotations, config, folder)


def painted_of(
    teacher: Teacher, config: DistilConfig, own: OwnPhotos | None = None
) -> LabelledPictures | None:
    """The labelled pictures of a generator's teacher, and labelled photos, where they are to be learned from.

    Raises:
        BadOption: there are none.
        BadLabel: an annotation is of another generator, or of a photo that is not there or has changed.
    """
    if not config.painted_share:
        return None
    n_parts, sizes = teacher.part_set.n_parts, config.synthesis()
    several = []
    if teacher.annotations:
        several.append(painted_pictures(teacher.generator, teacher.annotations, n_parts, sizes))
    if own is not None and own.annotations:
        several.append(own.painted(n_parts, sizes))
    if not several:
        raise BadOption("no labelled pictures to learn from", expected="annotations, or a painted_share of 0")
    images, logits = ([getattr(one, name) for one in several] for name in ("images", "logits"))
    return ArrayPictures(torch.cat(images), torch.cat(logits))
