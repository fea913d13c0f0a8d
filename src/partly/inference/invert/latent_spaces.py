"""The latents among which is searched: ``w``, ``w+`` and ``z``, in units of their usual deviation."""

from __future__ import annotations

import math
from itertools import cycle, islice
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.inference.invert.invert_options import SpaceName
from partly.models.generators import (
    Generator,
    Truncation,
    map_on_processor,
    one_hot,
    sample_w,
    sample_z,
)

_N_DRAWS = 2000
_NEAR = Truncation(0.5, 0.5)
_SHELL = 2.0 * math.sqrt(0.5)
"""Two deviations of the length of a normal vector, which is the root of a half whatever its dimension."""


class LatentSpace(Protocol):
    """Points that a search moves, and the mapped latents that they stand for.

    Attributes:
        name: "w", "w+" or "z".
        noise_length: what a latent's usual length is, in the units of points.
    """

    name: Literal["w", "w+", "z"]
    noise_length: float

    def first(self, condition: Tensor, seed: int, number: int) -> Tensor:
        """Points ``[b, ...]`` from which search ``number`` begins, for conditions ``[b, c]``."""
        ...

    def point_of(self, w: Tensor, condition: Tensor) -> Tensor:
        """Points of mapped latents ``[b, l or 1, v]``, where an encoder found them."""
        ...

    def w_of(self, points: Tensor, condition: Tensor) -> Tensor:
        """Mapped latents ``[b, l, v]`` of points."""
        ...

    def away(self, points: Tensor) -> Tensor:
        """How far points are from the mean, ``[b]``: 1 is usual."""
        ...

    def settle(self, points: Tensor) -> Tensor:
        """The points that are allowed and nearest to these."""
        ...


def has_mapping(generator: Generator) -> bool:
    """Whether ``w`` is another thing than ``z``."""
    return isinstance(getattr(generator, "mapping", None), nn.Module)


def latent_space(generator: Generator, name: SpaceName) -> LatentSpace:
    """The space of a name.

    Raises:
        BadOption: the generator has no such latents.
    """
    spaces = _names_of(generator)
    if name == "auto":
        name = spaces[0]
    if name not in spaces:
        raise BadOption(
            f"space {name} of a generator {'with' if has_mapping(generator) else 'without'} a mapping, and "
            f"with latents of {generator.n_layers} layer{'s' * (generator.n_layers > 1)}",
            expected=f"one of {', '.join(spaces)}",
        )
    return NormalLatents(generator) if name == "z" else MappedLatents(generator, per_layer=name == "w+")


def _names_of(generator: Generator) -> tuple[SpaceName, ...]:
    """The spaces of a generator, the usual one first."""
    if not has_mapping(generator):
        return ("z",)
    return ("w+", "w", "z") if generator.n_layers > 1 else ("w", "z")


class MappedLatents:
    """``w``, or ``w+``: a point is how far it is from the mean, in deviations of its numbers.

    Args:
        generator: maps it.
        per_layer: each layer has its own.
    """

    def __init__(self, generator: Generator, *, per_layer: bool) -> None:
        self.name: Literal["w", "w+", "z"] = "w+" if per_layer else "w"
        self.generator, self.per_layer = generator, per_layer
        self.deviation = _deviation_of_w(generator)
        self.noise_length = math.sqrt(generator.w_dim)

    def first(self, condition: Tensor, seed: int, number: int) -> Tensor:
        """The mean for search 0, then drawn latents that are half as far from it as usual."""
        n, rows = len(condition), self.generator.n_layers if self.per_layer else 1
        if number == 0:
            return torch.zeros(n, rows, self.generator.w_dim, device=self.generator.w_mean.device)
        # Of one class, whatever is searched for beside it: what counts is how far it is from the mean.
        name = self.generator.classes[0] if self.generator.classes else None
        drawn = sample_w(self.generator, seed, number, _NEAR, "starts of a search", class_name=name)
        offset = drawn[:, :1] - self._mean(one_hot(self.generator, [name]).to(drawn.device))
        return (offset / self.deviation).expand(n, rows, -1).clone()

    def point_of(self, w: Tensor, condition: Tensor) -> Tensor:
        """One row, the mean of all, for ``w``; as many as there are layers for ``w+``."""
        rows = w.expand(-1, self.generator.n_layers, -1) if self.per_layer else w.mean(dim=1, keepdim=True)
        return (rows - self._mean(condition)) / self.deviation

    def w_of(self, points: Tensor, condition: Tensor) -> Tensor:
        """The mean of the class, and the point's deviations from it, in all layers."""
        w = self._mean(condition) + points * self.deviation
        return w.expand(-1, self.generator.n_layers, -1)

    def away(self, points: Tensor) -> Tensor:
        """Mean square of the deviations."""
        return points.square().mean(dim=(1, 2))

    def settle(self, points: Tensor) -> Tensor:
        """All are allowed."""
        return points

    def _mean(self, condition: Tensor) -> Tensor:
        """``[b, 1, v]``."""
        if not self.generator.classes:
            return self.generator.w_mean.expand(len(condition), 1, -1)
        return (condition @ self.generator.class_means)[:, None]


class NormalLatents:
    """``z``, of usual length: within two deviations of the length that normal latents have.

    Args:
        generator: maps it.
    """

    name: Literal["w", "w+", "z"] = "z"

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        # The mean length of a normal vector of n numbers is nearly the root of n - 1/2.
        self.length = math.sqrt(generator.z_dim - 0.5)
        self.noise_length = math.sqrt(generator.z_dim)

    def first(self, condition: Tensor, seed: int, number: int) -> Tensor:
        """A drawn latent, the same for all photos."""
        z = sample_z(self.generator.z_dim, seed, number, "starts of a search").to(condition.device)
        return self.settle(z).expand(len(condition), -1).clone()

    def point_of(self, w: Tensor, condition: Tensor) -> Tensor:  # noqa: ARG002
        """Its ``z``, which is the front of ``w`` where there is no mapping.

        Raises:
            BadOption: there is one.
        """
        if has_mapping(self.generator):
            raise BadOption(
                "an encoder of mapped latents was given for a search in z", expected="space w or w+"
            )
        return self.settle(w[:, 0, : self.generator.z_dim])

    def w_of(self, points: Tensor, condition: Tensor) -> Tensor:
        """As the generator maps them."""
        return self.generator.map(points, condition)

    def away(self, points: Tensor) -> Tensor:
        """Nothing: lengths are held by :meth:`settle`."""
        return points.new_zeros(len(points))

    def settle(self, points: Tensor) -> Tensor:
        """Scaled to a usual length, where they have another."""
        lengths = points.norm(dim=1, keepdim=True)
        least = max(self.length - _SHELL, 0.1 * self.length)
        usual = lengths.clamp(least, self.length + _SHELL)
        return points * (usual / lengths.clamp(min=1e-12))


def _deviation_of_w(generator: Generator) -> float:
    """Root of the mean square of a number of ``w`` from its mean, over drawn latents."""
    z = torch.cat([sample_z(generator.z_dim, 0, i, "mean of w") for i in range(_N_DRAWS)])
    shown = list(islice(cycle(generator.classes or (None,)), _N_DRAWS))
    condition = one_hot(generator, shown)
    with torch.no_grad():
        w = map_on_processor(generator, z, condition)[:, 0]
    means = condition @ generator.class_means.cpu() if generator.classes else generator.w_mean.cpu()
    return max(float((w - means).square().mean().sqrt()), 1e-8)
