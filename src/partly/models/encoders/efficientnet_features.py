"""EfficientNet-lite0 as a network that reads photos: the encoder with which auto-shot networks begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from partly.models.encoders.photo_encoder import RepresentationFamily, check_multiple
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import build_family
from partly.models.networks import EfficientNetLite0
from partly.storage import ModelCard, fill, load_model, save_model

KIND = "encoder/efficientnet-lite0"


@dataclass(frozen=True)
class EfficientNetShape:
    """Constructor arguments.

    Attributes:
        image_size_px: side of the photos that the levels are of, a multiple of 32.
    """

    image_size_px: int = 448

    def __post_init__(self) -> None:
        check_multiple(self.image_size_px, EfficientNetLite0.multiple_px)


class EfficientNetFeatures(RepresentationFamily):
    """The representation; see :class:`partly.models.encoders.Representation` for its attributes.

    Its levels are the maps at 1/32 of the photo's size to half of it. Its model folder is that of the encoder
    alone.
    """

    kind, name = KIND, "EfficientNet-lite0"
    multiple_px = EfficientNetLite0.multiple_px

    def __init__(self, shape: EfficientNetShape) -> None:
        super().__init__(shape)
        self.image_size_px = shape.image_size_px
        self.encoder = EfficientNetLite0()
        strides = [2 << i for i in range(len(self.encoder.widths))]
        self.levels = tuple(
            Level(f"1/{stride}", shape.image_size_px // stride, width)
            for stride, width in zip(strides[::-1], self.encoder.widths[::-1], strict=True)
        )

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, h, w]`` in [-1, 1], coarse to fine.

        Raises:
            BadOption: photos whose sides are no multiples of 32.
        """
        self.check_images(images)
        maps: list[Tensor] = self.encoder(images)
        return FeaturePyramid(tuple(maps[::-1]))

    def save(self, folder: Path, extra: Mapping[str, Any]) -> None:
        """Write the model folder of the encoder."""
        card = save_model(folder, ModelCard(self.kind, asdict(self.shape), extra), self.encoder.state_dict())
        self.digest, self.folder = card.weights_sha256, folder.absolute()


def load_efficientnet_features(folder: Path) -> EfficientNetFeatures:
    """Read a model folder, such as the one of ``partly get efficientnet-lite0``.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    card, tensors = load_model(folder, KIND)
    network = build_family(card, EfficientNetFeatures, EfficientNetShape, folder)
    fill(network.encoder, tensors, folder / "model.safetensors")
    network.digest, network.folder = card.weights_sha256, folder.absolute()
    return network.eval().requires_grad_(False)
