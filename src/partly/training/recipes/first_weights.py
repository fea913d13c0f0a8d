"""First weights from a training before: of its generator, and of its discriminator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from partly.errors import BadOption
from partly.storage import fill, load_model
from partly.training.chassis.checkpoints import checkpoint_files, read_checkpoint, without_prefix

_AVERAGE, _DISCRIMINATOR = "average", "discriminator"
_AVERAGES = "averages"


def start_from(generator: Any, source: Path) -> None:
    """Give a generator the weights of another of the same kind and shape.

    Learning from a generator of other photos needs fewer photos and less time (Karras et al., NeurIPS 2020,
    section 4.2).

    Args:
        generator: is filled.
        source: a model folder, or the checkpoint of a training, whose averaged weights are taken.

    Raises:
        BadModelFile: the folder holds no such model, or it, or the checkpoint, is damaged.
        BadOption: it has another shape, or the checkpoint is of another network.
    """
    if source.is_file():
        _fill_from_checkpoint(generator, _AVERAGE, source, "generator")
        return
    card, tensors = load_model(source, generator.kind)
    # As JSON has it, without tuples.
    shape = json.loads(json.dumps(asdict(generator.shape)))
    # What earlier versions did not write down was as the defaults have it.
    found = {**json.loads(json.dumps(asdict(type(generator.shape)()))), **card.arguments}
    other = {name: value for name, value in found.items() if shape.get(name) != value}
    if other:
        told = ", ".join(f"{name} {value}, not {shape.get(name)}" for name, value in other.items())
        raise BadOption(
            f"is a generator of {told}",
            expected="one of the same shape",
            remedy="Choose the same size, or start from nothing",
            path=source,
        )
    fill(generator, tensors, source / "model.safetensors")


def discriminator_checkpoint(source: Path) -> Path | None:
    """The newest checkpoint of the training that made a generator; None where no discriminator is kept.

    Args:
        source: the folder of a training, one of the averages in it, or a checkpoint.
    """
    # Who is in the folder of the averages calls one of them "4".
    beside = source.absolute().parent
    root = beside.parent if beside.name == _AVERAGES else source
    files = [source] if source.is_file() else checkpoint_files(root / "training")
    if not files:
        return None
    try:
        with safe_open(files[-1], framework="pt") as file:
            names = list(file.keys())
    except (OSError, SafetensorError):
        return files[-1]  # which is damaged, as whoever reads it will say
    return files[-1] if any(name.startswith(f"{_DISCRIMINATOR}.") for name in names) else None


def start_discriminator(discriminator: nn.Module, source: Path) -> None:
    """Give a discriminator the weights that the one of another training has come to.

    Args:
        discriminator: is filled.
        source: as of :func:`discriminator_checkpoint`.

    Raises:
        BadModelFile: the checkpoint is damaged.
        BadOption: there is none, or its discriminator is another network.
    """
    checkpoint = discriminator_checkpoint(source)
    if checkpoint is None:
        raise BadOption(
            "has no checkpoint of a discriminator",
            expected="the folder of a training, as partly train leaves it, or one of its checkpoints",
            remedy="Start from such a folder; or leave out --warm-discriminator and --freeze-discriminator",
            path=source,
        )
    _fill_from_checkpoint(discriminator, _DISCRIMINATOR, checkpoint, "discriminator")


def _fill_from_checkpoint(module: nn.Module, prefix: str, path: Path, what: str) -> None:
    checkpoint = read_checkpoint(path)
    tensors: Mapping[str, Tensor] = without_prefix(prefix, checkpoint.tensors) if checkpoint else {}
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        other, also = "", " and kind of objective"
        if what == "discriminator":
            other, also = "; or give --new-discriminator", ", kind of objective and --discriminator"
        raise BadOption(
            f"is the checkpoint of another {what}",
            expected=f"one of the same family, size, classes{also}",
            remedy=f"Choose these as in that training{other}",
            path=path,
        ) from error
