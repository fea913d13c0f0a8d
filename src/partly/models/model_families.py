"""What families of networks with a model folder have alike: how they are kept on disk, and their sizes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import nn

from partly.errors import BadModelFile, BadOption
from partly.storage import ModelCard, fill, load_card, load_model, save_model

_COUNTS, _MOST_COUNT = ("n_", "depth"), 10_000

F = TypeVar("F", bound="ModelFamily")
N = TypeVar("N")


class ModelFamily(nn.Module):
    """Base of the families.

    Args:
        shape: a dataclass, the constructor arguments of the family.

    Attributes:
        kind: what its ``model.json`` says that it is.
        name: what errors call it.
        digest: SHA-256 of its weights, as last read or written; empty before.
        folder: the model folder that it was last read from or written to, absolute; None before.
    """

    kind: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self.digest = ""
        self.folder: Path | None = None

    def save(self, folder: Path, extra: Mapping[str, Any]) -> None:
        """Write the model folder."""
        card = save_model(folder, ModelCard(self.kind, asdict(self.shape), extra), self.state_dict())
        self.digest, self.folder = card.weights_sha256, folder.absolute()


def read_family(folder: Path, family: type[F], shape: Callable[..., Any]) -> F:
    """Read a model folder, for use and not for training.

    Args:
        folder: the model folder.
        family: to which it must belong.
        shape: the dataclass of the family's constructor arguments.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    card, tensors = load_model(folder, family.kind)
    # Without memory first, which a wrong number in the card could ask for without end.
    shapes = {name: tensor.to("meta") for name, tensor in tensors.items()}
    with torch.device("meta"):
        fill(build_family(card, family, shape, folder), shapes, folder / "model.safetensors")
    network = build_family(card, family, shape, folder)
    fill(network, tensors, folder / "model.safetensors")
    network.digest, network.folder = card.weights_sha256, folder.absolute()
    return network.eval().requires_grad_(False)


def build_family(card: ModelCard, family: type[F], shape: Callable[..., Any], folder: Path) -> F:
    """The network that a card describes, with weights that mean nothing yet.

    Args:
        card: of the model folder.
        family: to which it belongs.
        shape: the dataclass of the family's constructor arguments.
        folder: the model folder, for errors.

    Raises:
        BadModelFile: its arguments build no such network.
    """
    try:
        arguments = constructor_arguments(card.arguments)
        # Of layers without channels; their weights will not fit. The filter stays: those of the process would
        # be exchanged under other threads by one that is taken back.
        warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
        return family(shape(**arguments))
    except (TypeError, ValueError, ArithmeticError, RuntimeError, BadOption) as error:
        raise BadModelFile(
            f"its arguments build no {family.name} ({error})",
            expected=f"those of {shape.__name__}",
            path=folder / "model.json",
        ) from error


def constructor_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a family as its shape takes them, of those that ``model.json`` has.

    Raises:
        ValueError: a number of layers or the like that no network has; or they have no names.
    """
    if not isinstance(arguments, Mapping):
        raise ValueError(f"arguments {arguments!r} without names")
    # JSON knows no tuples.
    found = {name: tuple(v) if isinstance(v, list) else v for name, v in arguments.items()}
    for name, value in found.items():
        if name.startswith(_COUNTS) and isinstance(value, int) and value > _MOST_COUNT:
            raise ValueError(f"{name} is {value}, more than {_MOST_COUNT}")
    return found


def read_any(folder: Path, families: Mapping[str, Callable[[Path], N]], what: str) -> N:
    """Read a model folder of whatever family.

    Args:
        folder: the model folder.
        families: kind to what reads it.
        what: they are, for errors.

    Raises:
        BadModelFile: it is damaged, or of no such family.
    """
    kind = load_card(folder).kind
    if kind not in families:
        raise BadModelFile(
            f"is a model of kind {kind!r}",
            expected=f"{what}: {', '.join(families)}",
            path=folder / "model.json",
        )
    return families[kind](folder)


class DoublingSizes:
    """Shapes whose levels double from 4 px on, with fewer channels the finer they are.

    Attributes:
        image_size_px: side of the pictures, a power of two.
        channel_base: channels at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
        sizes: the smallest and the largest side that the family can have.

    Raises:
        BadOption: another size.
    """

    sizes: ClassVar[tuple[int, int]]
    image_size_px: int
    channel_base: int
    most_channels: int

    def __post_init__(self) -> None:
        check_size(self.image_size_px, *self.sizes)

    @property
    def sizes_px(self) -> tuple[int, ...]:
        """Sides of the levels, coarse to fine: 4, 8, 16 and so on."""
        return tuple(1 << i for i in range(2, self.image_size_px.bit_length()))

    def n_channels(self, size_px: int) -> int:
        """Channels of the maps of one size."""
        return max(1, min(self.channel_base // size_px, self.most_channels))


def check_size(size_px: int, least_px: int, most_px: int) -> None:
    """Refuse sizes of pictures that repeated doubling does not reach.

    Raises:
        BadOption: ``size_px`` is no power of two, or out of bounds.
    """
    if size_px & (size_px - 1) or not least_px <= size_px <= most_px:
        raise BadOption(f"pictures of {size_px} px", expected=f"a power of two from {least_px} to {most_px}")
