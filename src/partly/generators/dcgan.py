"""DCGAN's generator: transposed convolutions and batch norm (Radford, Metz and Chintala, ICLR 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from partly.artefacts import ModelCard, fill, load_model, save_model
from partly.errors import BadModelFile, BadOption
from partly.generators.protocol import Synthesis
from partly.pyramid import FeaturePyramid, Level

KIND = "generator/dcgan"
_FIRST_PX = 4
_SIZES = (16, 128)


@dataclass(frozen=True)
class DCGANShape:
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 16 to 128.
        z_dim: length of ``z``.
        last_channels: channels before the picture; each size below it has twice as many.
    """

    image_size_px: int = 64
    z_dim: int = 100
    last_channels: int = 64

    def __post_init__(self) -> None:
        size, (least, most) = self.image_size_px, _SIZES
        if size & (size - 1) or not least <= size <= most:
            raise BadOption(f"pictures of {size} px", expected=f"a power of two from {least} to {most}")

    @property
    def channels(self) -> dict[int, int]:
        """Channels at 4 px, 8 px and so on up to half of the picture's size."""
        sizes_px = [1 << i for i in range(2, self.image_size_px.bit_length() - 1)]
        return {size_px: self.last_channels * sizes_px[-1] // size_px for size_px in sizes_px}


class DCGAN(nn.Module):
    """The generator; see :class:`partly.generators.protocol.Generator` for its attributes.

    There is no mapping: ``w`` is ``z``, in one row.

    Attributes:
        folder: the model folder that it was last read from or written to, absolute; None before.
    """

    w_mean: Tensor

    def __init__(self, shape: DCGANShape) -> None:
        super().__init__()
        self.shape = shape
        self.z_dim = self.w_dim = shape.z_dim
        self.n_layers = 1
        self.image_size_px = shape.image_size_px
        self.digest = ""
        self.folder: Path | None = None
        channels = list(shape.channels.values())
        self.levels = tuple(Level(f"{size_px}px", size_px, n) for size_px, n in shape.channels.items())
        widths = zip([shape.z_dim, *channels], channels, strict=False)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                # From one pixel to 4 x 4, then twice as large each time.
                nn.ConvTranspose2d(n_in, n_out, 4, *((1, 0) if i == 0 else (2, 1)), bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
            )
            for i, (n_in, n_out) in enumerate(widths)
        )
        self.to_rgb = nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1)
        self.register_buffer("w_mean", torch.zeros(shape.z_dim))
        self.apply(first_weights)

    def map(self, z: Tensor) -> Tensor:
        """``z [b, z]`` itself, as ``[b, 1, z]``."""
        return z[:, None]

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, z]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        if w.ndim != 3 or w.shape[1:] != (1, self.z_dim):
            raise BadOption(f"latents of shape {list(w.shape)}", expected=f"[b, 1, {self.z_dim}]")
        wanted_px = self.image_size_px if features_px is None else features_px
        if wanted_px < _FIRST_PX:
            raise BadOption(f"features up to {wanted_px} px", expected=f"{_FIRST_PX} px or more")
        x, maps = w[:, 0, :, None, None], []
        for level, block in zip(self.levels, self.blocks, strict=True):
            if level.size_px > wanted_px and not images:
                break
            x = block(x)
            if level.size_px <= wanted_px:
                maps.append(x)
        return Synthesis(self.to_rgb(x).tanh() if images else None, FeaturePyramid(tuple(maps)))

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:  # noqa: ARG002
        """Pictures ``[b, 3, s, s]`` of ``w [b, 1, z]`` for training; there is no noise to draw."""
        images = self.synthesise(w, features_px=_FIRST_PX).images
        assert images is not None
        return images

    def save(self, folder: Path, extra: Mapping[str, Any]) -> None:
        """Write the model folder."""
        card = save_model(folder, ModelCard(KIND, asdict(self.shape), extra), self.state_dict())
        self.digest = card.weights_sha256
        self.folder = folder.absolute()


def first_weights(module: nn.Module) -> None:
    """Weights from a normal distribution of deviation 0.02 (the paper's section 4), norms around 1."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def load_dcgan(folder: Path) -> DCGAN:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    card, tensors = load_model(folder, KIND)
    try:
        generator = DCGAN(DCGANShape(**card.arguments))
    except (TypeError, ValueError, BadOption) as error:
        raise BadModelFile(
            f"its arguments build no DCGAN ({error})",
            expected="those of DCGANShape",
            path=folder / "model.json",
        ) from error
    fill(generator, tensors, folder / "model.safetensors")
    generator.digest, generator.folder = card.weights_sha256, folder.absolute()
    return generator.eval().requires_grad_(False)
