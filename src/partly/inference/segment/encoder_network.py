"""A network with an encoder of photos inside: slower than the auto-shot network, and better."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.data.labels import PartSet
from partly.errors import BadModelFile, BadOption
from partly.fewshot.features import FeatureStore, photo_source_digest
from partly.fewshot.fitting import load_segmenter, save_segmenter, segmenter_digest
from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.segment.segment_photo_file import segment_photo
from partly.inference.segment.segmentation import Segmentation
from partly.machine import where_able
from partly.models import FeaturePyramid
from partly.models.encoders import Representation, load_representation
from partly.models.networks import AutoShotNetwork, load_network
from partly.storage import ModelCard, load_card, load_model, save_model

KIND = "auto_shot/with-encoder"
_ENCODER, _SEGMENTER, _FAST = "encoder", "segmenter", "fast"
_MOST_SAID_PX = 256


class EncoderNetwork(nn.Module):
    """An encoder and a segmenter of its features, and with them, where there is one, an auto-shot network.

    Both err differently: their mean log-probability is nearer to the truth than either (docs/lab.md).

    Args:
        encoder: reads photos.
        segmenter: fitted on its features.
        part_set: what the ``k`` logits mean.
        fast: an auto-shot network of the same parts; None: the segmenter alone.
        share: of the fast network in the mean, 0 to 1.
        store: may have the encoder's features of whole photos.

    Attributes:
        size_px: what the encoder is best shown: photos of about ``size_px**2`` pixels.
        multiple_px: photos may have any sides that are multiples of this; None: squares of ``size_px``.

    Raises:
        BadOption: the fast network knows other parts, or the share is none.
    """

    def __init__(
        self,
        encoder: Representation,
        segmenter: FewShotSegmenter,
        part_set: PartSet,
        fast: AutoShotNetwork | None = None,
        share: float = 0.5,
        store: FeatureStore | None = None,
    ) -> None:
        super().__init__()
        if fast is not None and fast.part_set != part_set:
            raise BadOption("a fast network of other parts", expected=", ".join(part_set.names))
        if not 0 <= share <= 1:
            raise BadOption(f"a share of {share}", expected="0 to 1")
        self.encoder, self.segmenter, self.part_set = encoder, segmenter, part_set
        self.fast, self.share, self.store = fast, share, store
        self.size_px, self.multiple_px = encoder.image_size_px, encoder.multiple_px
        self._is_sharing = False

    @property
    def halves(self) -> tuple[EncoderNetwork, AutoShotNetwork | None]:
        """The encoder with its segmenter, and the fast network."""
        return self._sharing(None), self.fast

    @property
    def architecture(self) -> str:
        """What it is made of, such as ``DINOv2+RidgeSegmenter+lite0-unet``."""
        encoder = getattr(self.encoder, "name", type(self.encoder).__name__)
        fast = [] if self.fast is None else [self.fast.architecture]
        return "+".join([encoder, type(self.segmenter).__name__, *fast])

    @property
    def digest(self) -> str:
        """SHA-256 of all that its logits depend on."""
        fast = None if self.fast is None else self.fast.digest
        parts = (self.encoder.digest, self.size_px, segmenter_digest(self.segmenter), fast, self.share)
        return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()

    def forward(self, images: Tensor) -> Tensor:
        """Photos ``[b, 3, h, w]`` in [-1, 1] to logits ``[b, k, h, w]``.

        Raises:
            BadOption: sides that the encoder does not read.
        """
        size = (images.shape[-2], images.shape[-1])
        logits = self._by_segmenter(self.encoder.read(images), size)
        if self.fast is None:
            return logits
        able = where_able(images)
        shrunk = F.interpolate(able, self.fast_size(*size), mode="bilinear", antialias=True)
        by_fast = _at(self.fast(shrunk.to(images.device)), size).log_softmax(1)
        return torch.lerp(logits.log_softmax(1), by_fast, self.share)

    def of_photo(self, images: Tensor, photo_sha256: str | None) -> Tensor:
        """What the encoder and its segmenter say of one whole photo, whose features may be kept.

        Args:
            images: the photo as the encoder is best shown it, ``[1, 3, h, w]`` in [-1, 1].
            photo_sha256: digest of the photo's file.

        Returns:
            Logits ``[1, k, h, w]``.
        """
        if self.store is None:
            pyramid = self.encoder.read(images)
        else:
            source = photo_source_digest(self.encoder, "whole")
            kept = self.store.kept_or_made(source, photo_sha256, lambda: self.encoder.read(images))
            # What was kept on the disk was read by the processor.
            pyramid = kept.to(images.device)
        return self._by_segmenter(pyramid, (images.shape[-2], images.shape[-1]))

    def _by_segmenter(self, pyramid: FeaturePyramid, size: tuple[int, int]) -> Tensor:
        return _at(self.segmenter(pyramid, self.said_px(*size)), size)

    def said_px(self, height: int, width: int) -> int:
        """Side of the square of the segmenter's logits, for photos of a size."""
        return min(_MOST_SAID_PX, max(height, width))

    def fast_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which the fast network sees photos of a size.

        Raises:
            ValueError: there is no fast network.
        """
        if self.fast is None:
            raise ValueError("there is no fast network")
        scale = self.fast.size_px / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))

    def for_inference(self) -> EncoderNetwork:
        """A faster copy for use; it has the same encoder and segmenter until it is moved."""
        self._is_sharing = True
        return self._sharing(None if self.fast is None else self.fast.for_inference()).eval()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """As of any module; what it has in common with another network is copied, and that one stays."""
        if self._is_sharing:
            self.encoder, self.segmenter = copy.deepcopy((self.encoder, self.segmenter))
            self._is_sharing = False
        return super().to(*args, **kwargs)

    def _sharing(self, fast: AutoShotNetwork | None) -> EncoderNetwork:
        """A network of the same encoder and segmenter."""
        made = EncoderNetwork(self.encoder, self.segmenter, self.part_set, fast, self.share, self.store)
        made._is_sharing = True
        return made

    def segment(
        self, photo: Any, *, size_px: int | None = None, mirror_average: bool = False, finder: Any = None
    ) -> Segmentation:
        """Segment one photo (a path, PIL image, or uint8 array ``[h, w, 3]``) at its own size.

        With a fast network, only that one looks at the mirrored photo.
        """
        return segment_photo(self, photo, size_px=size_px, mirror_average=mirror_average, finder=finder)

    def save(self, folder: str | Path, extra: Mapping[str, Any] | None = None) -> ModelCard:
        """Write it as a model folder that holds those of encoder, segmenter and fast network."""
        folder = Path(folder)
        encoder: Any = self.encoder
        encoder.save(folder / _ENCODER, {})
        save_segmenter(folder / _SEGMENTER, self.segmenter, self.part_set, {})
        if self.fast is not None:
            self.fast.save(folder / _FAST)
        arguments = {
            "part_set": self.part_set.to_json(),
            "size_px": self.size_px,
            "digests": {name: load_card(folder / name).weights_sha256 for name in self._names()},
        }
        card = ModelCard(KIND, arguments, dict(extra or {}))
        return save_model(folder, card, {"share": torch.tensor(self.share)})

    def _names(self) -> tuple[str, ...]:
        return (_ENCODER, _SEGMENTER) + (() if self.fast is None else (_FAST,))


PartNetworkOfFolder = AutoShotNetwork | EncoderNetwork


def load_part_network(folder: str | Path) -> PartNetworkOfFolder:
    """Read a network that segments photos, of either kind, in eval mode.

    Raises:
        BadModelFile: files are missing or damaged, or it is another kind of model.
    """
    folder = Path(folder)
    if load_card(folder).kind != KIND:
        return load_network(folder)
    card, tensors = load_model(folder, KIND)
    try:
        digests = dict(card.arguments["digests"])
        size_px, share = int(card.arguments["size_px"]), float(tensors["share"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadModelFile(
            f"its arguments build no network with an encoder ({error})",
            expected="digests and size_px",
            path=folder / "model.json",
        ) from error
    for name, digest in digests.items():
        if load_card(folder / name).weights_sha256 != digest:
            raise BadModelFile(
                f"holds another {name} than it was saved with",
                expected=f"one with sha256 {str(digest)[:12]}…",
                remedy="Make the network again",
                path=folder / name,
            )
    encoder: Any = load_representation(folder / _ENCODER)
    if size_px != encoder.image_size_px:
        encoder = encoder.at_size(size_px)
    segmenter, part_set, _ = load_segmenter(folder / _SEGMENTER)
    fast = load_network(folder / _FAST) if _FAST in digests else None
    return EncoderNetwork(encoder, segmenter, part_set, fast, share).eval()


def _at(logits: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(logits, size, mode="bilinear")
