"""What families of generators have alike: what they check."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.feature_pyramid import Level
from partly.models.generators.generator_protocol import Synthesis
from partly.models.model_families import DoublingSizes, ModelFamily, check_size, read_family

__all__ = ["DoublingSizes", "GeneratorFamily", "MappedFamily", "UnmappedFamily", "check_size", "read_family"]


class GeneratorFamily(ModelFamily):
    """Base of the families; see :class:`partly.models.generators.Generator` for the attributes.

    Args:
        shape: the constructor arguments; a family with classes has their names in ``shape.classes``.
    """

    z_dim: int
    w_dim: int
    n_layers: int
    image_size_px: int
    levels: tuple[Level, ...]
    w_mean: Tensor
    class_means: Tensor

    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.classes: tuple[str, ...] = getattr(shape, "classes", ())
        self.drawn_classes = tuple(range(len(self.classes)))
        self.n_continuous_codes: int = getattr(shape, "n_continuous_codes", 0)

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Mapped latents ``[b, l, v]`` of ``z [b, z]`` under ``condition [b, c]``, not truncated."""
        raise NotImplementedError

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``; see the protocol."""
        raise NotImplementedError

    def noise_inputs(self) -> dict[str, Tensor]:
        """Maps of noise ``[h, w]`` that pictures of their own may have, by names of buffers; none without."""
        return {}

    def check_latents(self, w: Tensor) -> None:
        """Refuse latents that are not this generator's.

        Raises:
            BadOption: ``w`` is not ``[b, l, v]``.
        """
        if w.ndim != 3 or w.shape[1:] != (self.n_layers, self.w_dim):
            raise BadOption(
                f"latents of shape {list(w.shape)}", expected=f"[b, {self.n_layers}, {self.w_dim}]"
            )

    def with_class_means(self) -> None:
        """Register the means of the classes; not saved where there are none, as generators were before."""
        means = torch.zeros(len(self.classes), self.w_dim)
        self.register_buffer("class_means", means, persistent=bool(self.classes))

    def checked_condition(self, condition: Tensor | None, n: int) -> Tensor:
        """A condition for ``n`` pictures, ``[n, c]``.

        Raises:
            BadOption: the generator has classes, and ``condition`` is none or has another shape.
        """
        if condition is None or condition.shape != (n, len(self.classes)):
            found = (
                "no class is asked for" if condition is None else f"a condition of {list(condition.shape)}"
            )
            raise BadOption(found, expected=f"[{n}, {len(self.classes)}], one of the generator's classes")
        return condition

    def largest_level_px(self, features_px: int | None) -> int:
        """The size up to which levels are wanted; None wants all.

        Raises:
            BadOption: no level is as small as ``features_px``.
        """
        if features_px is None:
            return self.levels[-1].size_px
        least_px = self.levels[0].size_px
        if features_px < least_px:
            raise BadOption(f"features up to {features_px} px", expected=f"{least_px} px or more")
        return features_px


class MappedFamily(GeneratorFamily):
    """Base of families with a mapping network, which gives all layers the same row of ``w``.

    Attributes:
        mapping: of ``z [b, z]``, and a condition or None, to ``[b, v]``.
    """

    mapping: nn.Module

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Mapped latents ``[b, l, v]`` of ``z [b, z]`` under ``condition [b, c]``, not truncated."""
        wanted = self.checked_condition(condition, len(z)) if self.classes else None
        mapped: Tensor = self.mapping(z, wanted)
        return mapped[:, None].expand(-1, self.n_layers, -1)


class UnmappedFamily(GeneratorFamily):
    """Base of families without a mapping network: ``w`` is ``z``, in one row, with the condition behind it.

    A class is told as Mirza and Osindero (2014, section 3.2) do: as ones and zeros beside ``z``. Told louder,
    it is learned earlier, and ``z`` is left aside (docs/adr/0027). A code of a few values (Chen et al., NIPS
    2016) is told as a class is, and its values are the classes; continuous codes are the last numbers of
    ``z``, so that a generator with codes is one as any other (docs/adr/0057).

    Args:
        shape: with ``image_size_px`` and ``z_dim``, besides what the family needs; a family with continuous
            codes has their number in ``shape.n_continuous_codes``, and they come on top of ``z_dim``.
    """

    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.z_dim = shape.z_dim + self.n_continuous_codes
        self.w_dim = self.z_dim + len(self.classes)
        self.n_layers = 1
        self.image_size_px = shape.image_size_px
        self.register_buffer("w_mean", torch.zeros(self.w_dim))
        self.with_class_means()

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """``z [b, z]`` and ``condition [b, c]`` side by side, as ``[b, 1, z + c]``."""
        if self.classes:
            z = torch.cat([z, self.checked_condition(condition, len(z))], dim=1)
        return z[:, None]

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:  # noqa: ARG002
        """Pictures ``[b, 3, s, s]`` of ``w [b, 1, v]`` for training; there is no noise to draw."""
        images = self.synthesise(w, features_px=self.levels[0].size_px).images
        assert images is not None
        return images
