"""An encoder that says which latent of a generator makes a picture like a photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadModelFile, BadOption
from partly.models.generators.generator_protocol import Generator
from partly.models.model_families import ModelFamily, read_family
from partly.models.networks import EfficientNetLite0
from partly.storage import load_card

KIND = "latent-encoder/efficientnet-lite0"
PARENT = "generator_sha256"
_N_SHOWN = 12
_CELLS = 4


@dataclass(frozen=True)
class LatentEncoderShape:
    """Constructor arguments.

    Attributes:
        w_dim: length of the latents.
        image_size_px: side of the pictures that it reads, a multiple of 32.
        hidden: values between features and latent.
    """

    w_dim: int
    image_size_px: int = 96
    hidden: int = 512

    def __post_init__(self) -> None:
        multiple = EfficientNetLite0.multiple_px
        if self.image_size_px < multiple or self.image_size_px % multiple:
            raise BadOption(f"pictures of {self.image_size_px} px", expected=f"a multiple of {multiple} px")
        if self.w_dim < 1 or self.hidden < 1:
            raise BadOption(f"latents of {self.w_dim}, {self.hidden} values between", expected="1 or more")


class LatentEncoder(ModelFamily):
    """Pictures to mapped latents: EfficientNet-lite0, its two coarsest maps on a grid, two layers.

    Attributes:
        mean, deviation: of each number of a latent; the network gives it in these units.
        generator_digest: of the generator whose latents they are.
    """

    kind, name = KIND, "latent encoder"
    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: LatentEncoderShape) -> None:
        super().__init__(shape)
        self.image_size_px = shape.image_size_px
        self.generator_digest = ""
        self.backbone = EfficientNetLite0()
        n_values = sum(EfficientNetLite0.widths[-2:]) * _CELLS**2
        self.head = nn.Sequential(
            nn.LayerNorm(n_values),
            nn.Linear(n_values, shape.hidden),
            nn.SiLU(),
            nn.Linear(shape.hidden, shape.w_dim),
        )
        self.register_buffer("mean", torch.zeros(shape.w_dim))
        self.register_buffer("deviation", torch.ones(shape.w_dim))

    def forward(self, images: Tensor) -> Tensor:
        """Latents ``[b, v]`` of pictures ``[b, 3, s, s]`` of its size, in deviations from the mean."""
        maps = self.backbone(images)[-2:]
        cells = [F.adaptive_avg_pool2d(m, _CELLS).flatten(1) for m in maps]
        found: Tensor = self.head(torch.cat(cells, dim=1))
        return found

    @torch.no_grad()
    def latents(self, images: Tensor) -> Tensor:
        """Mapped latents ``[b, 1, v]`` of pictures or photos ``[b, 3, s, s]`` in [-1, 1], of any size."""
        found: Tensor = self(at_size(images, self.image_size_px))
        return (self.mean + self.deviation * found)[:, None]

    def check_generator(self, generator: Generator) -> None:
        """Refuse another generator.

        Raises:
            BadModelFile: the encoder learned latents of another one.
        """
        if self.generator_digest != generator.digest:
            raise BadModelFile(
                f"is an encoder of another generator (sha256 {self.generator_digest[:_N_SHOWN]}…)",
                expected=f"one of this generator, sha256 {generator.digest[:_N_SHOWN]}…",
                remedy="Learn one for this generator: partly invert --learn GENERATOR",
                path=self.folder,
            )


def at_size(images: Tensor, size_px: int) -> Tensor:
    """Pictures ``[b, 3, s, s]`` at another size: means of areas where it is smaller."""
    if images.shape[-1] >= size_px:
        return F.interpolate(images, size=(size_px, size_px), mode="area")
    return F.interpolate(images, size=(size_px, size_px), mode="bilinear", align_corners=False)


def load_latent_encoder(folder: Path) -> LatentEncoder:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    encoder = read_family(folder, LatentEncoder, LatentEncoderShape)
    parents = load_card(folder).extra.get("parents")
    digest = parents.get(PARENT) if isinstance(parents, dict) else None
    if not isinstance(digest, str):
        raise BadModelFile(
            "does not say of which generator it is",
            expected=f"{PARENT} among its parents",
            path=folder / "model.json",
        )
    encoder.generator_digest = digest
    return encoder
