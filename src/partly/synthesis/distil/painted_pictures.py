"""The labelled pictures themselves, among those that the few-shot segmenter labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.labels import UNLABELLED, Annotation, LabelMap
from partly.fewshot.features import latent_of
from partly.machine import Machine
from partly.models.generators import Generator, images_of, synthesise_on, to_bytes
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.segmentation import ArrayPictures, LabelledPictures

LEAST_SHARE = 1e-8
"""Whose logarithm stands for that of no share at all."""


@dataclass(frozen=True)
class WithPainted:
    """Pictures labelled by the segmenter, and painted ones among them, again and again.

    What an annotator painted is right to the pixel, and says how large small parts are, of which a segmenter
    knows little; augmentation makes each copy another picture.

    Attributes:
        synthesised: labelled by the segmenter.
        painted: labelled by an annotator; of the same sizes.
        share: of all that is trained on, that are painted; above 0, below 1.
    """

    synthesised: LabelledPictures
    painted: LabelledPictures
    share: float

    def __len__(self) -> int:
        n_copies = round(len(self.synthesised) * self.share / (1 - self.share))
        return len(self.synthesised) + max(1, n_copies)

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`partly.training.segmentation.LabelledPictures.read`; copies come after the others."""
        n = len(self.synthesised)
        synthesised = [i for i in indexes if i < n]
        copies = [(i - n) % len(self.painted) for i in indexes if i >= n]
        found = [of.read(at) for of, at in ((self.synthesised, synthesised), (self.painted, copies)) if at]
        images, logits, weights = zip(*found, strict=True)
        # From synthesised first, painted last, to the order that was asked for.
        order = torch.tensor([i >= n for i in indexes]).argsort(stable=True).argsort()
        soft = torch.cat([one.float() for one in logits])
        return torch.cat(images)[order], soft[order], torch.cat(weights)[order]


def with_painted(
    synthesised: LabelledPictures, painted: LabelledPictures | None, share: float
) -> LabelledPictures:
    """The painted pictures among the synthesised ones, where there are any to learn from."""
    return synthesised if painted is None else WithPainted(synthesised, painted, share)


@torch.no_grad()
def painted_pictures(
    generator: Generator, annotations: Sequence[Annotation], n_parts: int, config: SynthesisConfig
) -> ArrayPictures:
    """The annotated pictures at the sizes of those that are synthesised.

    Args:
        generator: makes the pictures again.
        annotations: one or more, of pictures of this generator.
        n_parts: number of parts k.
        config: has the sizes.

    Returns:
        Images uint8 ``[n, 3, size_px, size_px]``, logits ``[n, k, label_px, label_px]``: logarithms of the
        parts' shares of each pixel, even where nothing is labelled.

    Raises:
        BadLabel: an annotation is of another generator, or of a photo.
    """
    images, logits = [], []
    for annotation in annotations:
        w = latent_of(annotation, generator)
        made = synthesise_on(Machine.of(generator), generator, w, features_px=4)
        images.append(to_bytes(images_of(made), config.size_px).cpu())
        logits.append(_log_shares(annotation.label_map, n_parts, config.label_px))
    return ArrayPictures(torch.cat(images), torch.cat(logits))


def painted_planes(label_map: LabelMap, n_parts: int) -> tuple[Tensor, Tensor]:
    """Shares of the parts of each pixel of a label map uint8 ``[h, w]``.

    Returns:
        Float32 ``[k, h, w]``, to be replaced where nothing was painted; and where that is, ``[h, w]``.
    """
    ids = torch.from_numpy(label_map.astype(np.int64))
    unlabelled = ids == UNLABELLED
    planes = F.one_hot(ids.masked_fill(unlabelled, 0), n_parts).permute(2, 0, 1).float()
    return planes, unlabelled


def _log_shares(label_map: LabelMap, n_parts: int, size_px: int) -> Tensor:
    """Label map ``[h, w]`` to ``[1, k, size_px, size_px]``."""
    planes, unlabelled = painted_planes(label_map, n_parts)
    planes[:, unlabelled] = 1 / n_parts
    shares = F.interpolate(planes[None], (size_px, size_px), mode="area")
    return shares.clamp_min(LEAST_SHARE).log()
