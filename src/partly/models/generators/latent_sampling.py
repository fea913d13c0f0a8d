"""Latents and classes that depend on a seed and an index only, whatever else was drawn before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadOption
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.truncation import Truncation

__all__ = [
    "Truncation",
    "class_means_of_w",
    "draw_classes",
    "mean_of_w",
    "mean_under",
    "means_of",
    "one_hot",
    "pictures_digest",
    "sample_class",
    "sample_factor",
    "sample_w",
    "sample_z",
    "truncate",
]

_N_MEAN = 10_000
_MEAN_SEED = 0


def truncate(w: Tensor, w_mean: Tensor, factor: float | Tensor) -> Tensor:
    """``w_mean + factor * (w - w_mean)`` for ``w [b, l, v]``: the truncation trick of StyleGAN."""
    return w_mean + factor * (w - w_mean)


def sample_z(z_dim: int, seed: int, index: int) -> Tensor:
    """Standard normal ``z [1, z_dim]`` of one picture.

    NumPy's Philox is the source: its values are the same on every machine and every version.
    """
    return torch.from_numpy(_bits(seed, index).standard_normal((1, z_dim)).astype(np.float32))


def sample_factor(truncation: Truncation, seed: int, index: int) -> float:
    """The truncation factor of one picture."""
    return float(_bits(seed, index, stream=1).uniform(truncation.low, truncation.high))


def sample_class(generator: Generator, seed: int, index: int) -> str | None:
    """Name of the class that picture ``index`` shows; None where the generator knows none.

    Of as many pictures in a row as classes are drawn, each shows another; their order is random, so that
    pictures a fixed number apart are not all of one class.
    """
    drawn = generator.drawn_classes
    if not drawn:
        return None
    turn, place = divmod(index, len(drawn))
    return generator.classes[drawn[_bits(seed, turn, stream=2).permutation(len(drawn))[place]]]


def draw_classes(generator: Generator, names: Sequence[str]) -> None:
    """Have pictures of all seeds and indexes show these classes alone, in turn; no names: all of them.

    Raises:
        BadOption: a class that the generator does not know.
    """
    unknown = [name for name in names if name not in generator.classes]
    if unknown:
        raise BadOption(
            f"the generator knows no class {unknown[0]!r}",
            expected=f"one of {', '.join(generator.classes)}" if generator.classes else "none: it knows none",
        )
    wanted = names or generator.classes
    generator.drawn_classes = tuple(i for i, name in enumerate(generator.classes) if name in wanted)


def one_hot(generator: Generator, classes: Iterable[str | None]) -> Tensor:
    """Conditions ``[b, c]`` of pictures of these classes: 1 at the class, else 0."""
    rows = [[float(name == shown) for name in generator.classes] for shown in classes]
    return torch.tensor(rows).reshape(len(rows), len(generator.classes))


def sample_w(
    generator: Generator,
    seed: int,
    index: int,
    truncation: Truncation | None = None,
    class_name: str | None = None,
) -> Tensor:
    """Mapped and truncated latent ``w [1, l, v]`` of picture ``index`` of ``seed``.

    Args:
        generator: maps it.
        seed: of the latents.
        index: of the picture.
        truncation: range of the factor by which it is pulled towards the mean of its class; None: not at all.
        class_name: what it shows; None: what :func:`sample_class` says.
    """
    condition = one_hot(generator, [class_name or sample_class(generator, seed, index)])
    with torch.no_grad():
        w = generator.map(sample_z(generator.z_dim, seed, index), condition)
        if truncation is None:
            return w
        return truncate(w, mean_under(generator, condition), sample_factor(truncation, seed, index))


def mean_under(generator: Generator, condition: Tensor) -> Tensor:
    """Where truncation pulls latents of ``condition [1, c]`` to, ``[1, v]``: the mean of its class."""
    return condition @ generator.class_means if generator.classes else generator.w_mean[None]


def means_of(generator: Generator, seed: int, indexes: Iterable[int]) -> Tensor:
    """Where truncation pulls the pictures of a seed to, ``[b, 1, v]``: the mean of the class of each."""
    conditions = (one_hot(generator, [sample_class(generator, seed, index)]) for index in indexes)
    return torch.stack([mean_under(generator, condition) for condition in conditions])


def pictures_digest(generator: Generator) -> str:
    """What pictures depend on beside seed and index: weights, and the classes if not all are drawn."""
    if len(generator.drawn_classes) == len(generator.classes):
        return generator.digest
    names = [generator.classes[place] for place in generator.drawn_classes]
    return f"{generator.digest}, classes {', '.join(map(repr, names))}"


def class_means_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[c, v]`` of ``w`` of each class over the same ``n`` latents, summed in double precision."""
    z = torch.cat([sample_z(generator.z_dim, _MEAN_SEED, i) for i in range(n)])
    means = torch.zeros(len(generator.classes), generator.w_dim)
    with torch.no_grad():
        for place, name in enumerate(generator.classes):
            condition = one_hot(generator, [name]).expand(n, -1)
            means[place] = generator.map(z, condition)[:, 0].double().mean(dim=0).float()
    return means


def mean_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[v]`` of ``w`` over ``n`` latents, of each class alike, summed in double precision."""
    if generator.classes:
        return class_means_of_w(generator, n).double().mean(dim=0).float()
    z = torch.cat([sample_z(generator.z_dim, _MEAN_SEED, i) for i in range(n)])
    with torch.no_grad():
        return generator.map(z)[:, 0].double().mean(dim=0).float()


def _bits(seed: int, index: int, stream: int = 0) -> np.random.Generator:
    if seed < 0 or index < 0:
        raise BadOption(f"seed {seed}, index {index}", expected="numbers from 0 up")
    return np.random.Generator(np.random.Philox(key=[seed, (stream << 48) | index]))
