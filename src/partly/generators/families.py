"""What families of generators have alike: how they are kept on disk, and what they check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn

from partly.artefacts import ModelCard, fill, load_model, save_model
from partly.errors import BadModelFile, BadOption
from partly.pyramid import Level

F = TypeVar("F", bound="GeneratorFamily")


class GeneratorFamily(nn.Module):
    """Base of the families; see :class:`partly.generators.protocol.Generator` for the other attributes.

    Args:
        shape: a dataclass, the constructor arguments of the family.

    Attributes:
        folder: the model folder that it was last read from or written to, absolute; None before.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    n_layers: int
    w_dim: int
    levels: tuple[Level, ...]
    w_mean: Tensor

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self.digest = ""
        self.folder: Path | None = None

    def save(self, folder: Path, extra: Mapping[str, Any]) -> None:
        """Write the model folder."""
        card = save_model(folder, ModelCard(self.kind, asdict(self.shape), extra), self.state_dict())
        self.digest, self.folder = card.weights_sha256, folder.absolute()

    def check_latents(self, w: Tensor) -> None:
        """Refuse latents that are not this generator's.

        Raises:
            BadOption: ``w`` is not ``[b, l, v]``.
        """
        if w.ndim != 3 or w.shape[1:] != (self.n_layers, self.w_dim):
            raise BadOption(
                f"latents of shape {list(w.shape)}", expected=f"[b, {self.n_layers}, {self.w_dim}]"
            )

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
    try:
        # JSON knows no tuples.
        arguments = {n: tuple(v) if isinstance(v, list) else v for n, v in card.arguments.items()}
        generator = family(shape(**arguments))
    except (TypeError, ValueError, BadOption) as error:
        raise BadModelFile(
            f"its arguments build no {family.name} ({error})",
            expected=f"those of {shape.__name__}",
            path=folder / "model.json",
        ) from error
    fill(generator, tensors, folder / "model.safetensors")
    generator.digest, generator.folder = card.weights_sha256, folder.absolute()
    return generator.eval().requires_grad_(False)


def check_size(size_px: int, least_px: int, most_px: int) -> None:
    """Refuse sizes of pictures that repeated doubling does not reach.

    Raises:
        BadOption: ``size_px`` is no power of two, or out of bounds.
    """
    if size_px & (size_px - 1) or not least_px <= size_px <= most_px:
        raise BadOption(f"pictures of {size_px} px", expected=f"a power of two from {least_px} to {most_px}")
