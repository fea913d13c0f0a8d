"""Latents and classes that depend on purpose, seed and index only, whatever else was drawn before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from partly.errors import BadOption
from partly.machine import full_precision
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.truncation import Truncation
from partly.storage import PicturePurpose, Version, class_stream, picture_seed, picture_stream

__all__ = [
    "Truncation",
    "class_means_of_w",
    "draw_classes",
    "known_classes",
    "map_on_processor",
    "mean_of_w",
    "one_hot",
    "pictures_digest",
    "sample_class",
    "sample_factor",
    "sample_w",
    "sample_z",
    "truncate",
]

_N_MEAN, _N_TOLD = 10_000, 20


def truncate(w: Tensor, w_mean: Tensor, factor: float | Tensor) -> Tensor:
    """``w_mean + factor * (w - w_mean)`` for ``w [b, l, v]``: the truncation trick of StyleGAN."""
    return w_mean + factor * (w - w_mean)


def sample_z(
    z_dim: int,
    seed: int,
    index: int,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> Tensor:
    """Standard normal ``z [1, z_dim]`` of one picture.

    Args:
        z_dim: how many numbers.
        seed: 0 or more.
        index: of the picture, 0 or more.
        purpose: what the picture is for; see :mod:`partly.storage.streams`.
        version: of the table of streams; None: the one that holds now.

    Raises:
        BadOption: a seed or index below 0.
    """
    random = picture_stream(purpose, seed, index, version=version)
    return torch.from_numpy(random.standard_normal((1, z_dim)).astype(np.float32))


def sample_factor(
    truncation: Truncation,
    seed: int,
    index: int,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> float:
    """The truncation factor of one picture; arguments and errors as those of :func:`sample_z`."""
    random = picture_stream(purpose, seed, index, factor=True, version=version)
    return float(random.uniform(truncation.low, truncation.high))


def sample_class(
    generator: Generator,
    seed: int,
    index: int,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> str | None:
    """Name of the class that picture ``index`` shows; None where the generator knows none.

    Of as many pictures in a row as classes are drawn, each shows another; their order is random, so that
    pictures a fixed number apart are not all of one class. Arguments and errors as those of :func:`sample_z`.
    """
    drawn = generator.drawn_classes
    if not drawn:
        return None
    turn, place = divmod(index, len(drawn))
    order = class_stream(purpose, seed, turn, version=version).permutation(len(drawn))
    return generator.classes[drawn[order[place]]]


def draw_classes(generator: Generator, names: Sequence[str]) -> None:
    """Have pictures of all seeds and indexes show these classes alone, in turn; no names: all of them.

    Raises:
        BadOption: a class that the generator does not know.
    """
    unknown = [name for name in names if name not in generator.classes]
    if unknown:
        raise BadOption(
            f"the generator knows no class {unknown[0]!r}",
            expected=known_classes(generator),
        )
    wanted = names or generator.classes
    generator.drawn_classes = tuple(i for i, name in enumerate(generator.classes) if name in wanted)


def known_classes(generator: Generator) -> str:
    """The classes of a generator in words, as errors say what was expected; of many, the first."""
    names = generator.classes
    if not names:
        return "none: it knows none"
    more = f", … ({len(names)} in all)" if len(names) > _N_TOLD else ""
    return f"one of {', '.join(names[:_N_TOLD])}{more}"


def one_hot(generator: Generator, classes: Iterable[str | None]) -> Tensor:
    """Conditions ``[b, c]`` of pictures of these classes: 1 at the class, else 0."""
    rows = [[float(name == shown) for name in generator.classes] for shown in classes]
    return torch.tensor(rows).reshape(len(rows), len(generator.classes))


def pictures_digest(generator: Generator) -> str:
    """What pictures depend on beside seed and index: weights, and the classes if not all are drawn."""
    if len(generator.drawn_classes) == len(generator.classes):
        return generator.digest
    names = [generator.classes[place] for place in generator.drawn_classes]
    return f"{generator.digest}, classes {', '.join(map(repr, names))}"


def sample_w(
    generator: Generator,
    seed: int,
    index: int,
    truncation: Truncation | None = None,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
    class_name: str | None = None,
) -> Tensor:
    """Mapped and truncated latent ``w [1, l, v]`` of picture ``index`` of ``seed``; see :func:`sample_z`.

    It lies where the generator does, and has the same numbers on every device.

    Args:
        generator: maps it.
        seed: 0 or more.
        index: of the picture, 0 or more.
        truncation: range of the factor by which it is pulled to the mean of its class; None: not at all.
        purpose: what the picture is for.
        version: of the table of streams; None: the one that holds now.
        class_name: what it shows; None: what :func:`sample_class` says.
    """
    shown = class_name or sample_class(generator, seed, index, purpose, version)
    condition = one_hot(generator, [shown])
    with torch.no_grad():
        w = map_on_processor(generator, sample_z(generator.z_dim, seed, index, purpose, version), condition)
        if truncation is not None:
            mean = condition @ generator.class_means.cpu() if generator.classes else generator.w_mean.cpu()
            w = truncate(w, mean, sample_factor(truncation, seed, index, purpose, version))
        return w.to(generator.w_mean.device)


class _Map(nn.Module):
    """``map`` of a generator as a module, which can be called with other tensors in place of its weights."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        """As the generator's ``map``."""
        return self.generator.map(z, condition)


def map_on_processor(generator: Generator, z: Tensor, condition: Tensor) -> Tensor:
    """As ``generator.map``, with arguments and result on the processor, wherever the generator is.

    So a latent is the same to the bit whatever makes the picture of it, and pictures, labels and names that
    were begun on one device go on on another. It is little work: a mapping network is a few megabytes.
    """
    device, mapping = generator.w_mean.device, getattr(generator, "mapping", None)
    with full_precision(torch.device("cpu")):
        if device.type == "cpu" or not isinstance(mapping, nn.Module):
            return generator.map(z.to(device), condition.to(device)).cpu()
        here = {f"generator.mapping.{name}": tensor.cpu() for name, tensor in mapping.state_dict().items()}
        mapped: Tensor = functional_call(_Map(generator), here, (z, condition))
        return mapped


def class_means_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[c, v]`` of ``w`` of each class over the same ``n`` latents, summed in double precision."""
    z = _latents_of_the_mean(generator, n)
    means = torch.zeros(len(generator.classes), generator.w_dim, device=z.device)
    with torch.no_grad():
        for place, name in enumerate(generator.classes):
            condition = one_hot(generator, [name]).to(z.device).expand(n, -1)
            means[place] = generator.map(z, condition)[:, 0].double().mean(dim=0).float()
    return means


def mean_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[v]`` of ``w`` over ``n`` latents, of each class alike, summed in double precision."""
    if generator.classes:
        return class_means_of_w(generator, n).double().mean(dim=0).float()
    with torch.no_grad():
        return generator.map(_latents_of_the_mean(generator, n))[:, 0].double().mean(dim=0).float()


def _latents_of_the_mean(generator: Generator, n: int) -> Tensor:
    seed = picture_seed("mean of w")
    z = torch.cat([sample_z(generator.z_dim, seed, i, "mean of w") for i in range(n)])
    return z.to(generator.w_mean.device)
