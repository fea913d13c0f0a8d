"""What a foreign generator becomes: a shape, and tensors under the names of the native network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.errors import BadModelFile, BadOption
from partly.models.generators.latent_sampling import mean_of_w
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.generators.stylegan3.stylegan3_generator import StyleGAN3
from partly.models.generators.stylegan3.stylegan3_shape import StyleGAN3Shape


@dataclass(frozen=True)
class ForeignGenerator:
    """A generator as it was found.

    Attributes:
        format: name of the checkpoint's format.
        shape: constructor arguments of the native generator.
        tensors: its state, by native names; without ``w_mean`` where the checkpoint has none.
        remarks: what had to be assumed or made up, a clause each.
    """

    format: str
    shape: StyleGAN2Shape | StyleGAN3Shape
    tensors: Mapping[str, Tensor]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Convolution:
    """A modulated convolution, equalised as in the native generator, and what follows it.

    Attributes:
        weight: ``[n_out, n_in, k, k]``; a convolution that upsamples has it as ``conv_transpose2d`` takes it.
        bias: ``[n_out]``.
        style_weight: ``[n_in, v]``.
        style_bias: ``[n_in]``.
        strength: of the noise, one number; None for convolutions to RGB.
        noise: ``[s, s]``.
    """

    weight: Tensor
    bias: Tensor
    style_weight: Tensor
    style_bias: Tensor
    strength: Tensor | None = None
    noise: Tensor | None = None

    def named(self, prefix: str, *, up: bool = False) -> dict[str, Tensor]:
        """Its tensors by their native names.

        Args:
            prefix: which convolution of the native generator.
            up: it upsamples: the native one correlates the maps, with zeros between, with its weights, where
                ``conv_transpose2d`` convolves them.
        """
        tensors = {
            f"{prefix}.conv.weight": self.weight.flip(2, 3) if up else self.weight,
            f"{prefix}.conv.style.weight": self.style_weight,
            f"{prefix}.conv.style.bias": self.style_bias,
            f"{prefix}.bias": self.bias,
        }
        if self.strength is not None and self.noise is not None:
            tensors[f"{prefix}.noise.strength"] = self.strength.reshape(())
            tensors[f"{prefix}.noise.constant"] = self.noise
        return tensors


def no_classes(path: Path) -> BadOption:
    """The error of somebody who asks for a class of a generator without classes."""
    return BadOption("its generator knows no classes", remedy="Choose none", path=path)


def native_shape(n_channels: Mapping[int, int], path: Path, **arguments: Any) -> StyleGAN2Shape:
    """The shape with these channels.

    Args:
        n_channels: channels by the side of their maps: 4, 8, 16 and so on to the pictures' size.
        path: the file, for errors.
        arguments: the other arguments of :class:`StyleGAN2Shape`.

    Raises:
        BadModelFile: a native generator cannot have this size, or these channels.
    """
    # The least base that explains every level; those at the limit put no bound above.
    base, most = max(size_px * n for size_px, n in n_channels.items()), max(n_channels.values())
    for size_px, n in n_channels.items():
        if n != min(base // size_px, most):
            raise BadModelFile(
                f"has {n} channels at {size_px} px",
                expected=f"{min(base // size_px, most)}, by the channels of the other sizes",
                remedy="Partly knows networks whose channels halve where the size doubles, up to a limit",
                path=path,
            )
    try:
        return StyleGAN2Shape(max(n_channels), channel_base=base, most_channels=most, **arguments)
    except BadOption as error:
        raise BadModelFile(f"makes {error.found}", expected=error.expected, path=path) from error


def assembled(foreign: ForeignGenerator) -> StyleGAN2 | StyleGAN3:
    """The native generator; where the checkpoint has no mean of ``w``, it is computed."""
    shape = foreign.shape
    generator = StyleGAN3(shape) if isinstance(shape, StyleGAN3Shape) else StyleGAN2(shape)
    generator.load_state_dict({"w_mean": torch.zeros(foreign.shape.w_dim), **foreign.tensors})
    generator.eval().requires_grad_(False)
    if "w_mean" not in foreign.tensors:
        generator.w_mean.copy_(mean_of_w(generator))
    return generator
