"""Checkpoints of a training: one safetensors file, replaced as a whole, from which it goes on bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.optim import Optimizer

from partly.errors import BadModelFile
from partly.storage import tensors_to_bytes, write_bytes


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and plain JSON values beside them."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically; the values travel in the header of the file."""
    data = tensors_to_bytes(checkpoint.tensors, {"values": json.dumps(dict(checkpoint.values))})
    write_bytes(path, data)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    One of an auto-shot network by Partly 0.1 is given as it would be written today.

    Raises:
        BadModelFile: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            values = json.loads((file.metadata() or {})["values"])
            return _as_today({name: file.get_tensor(name) for name in file.keys()}, values)  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise BadModelFile(
            f"is no checkpoint ({error})",
            remedy="Delete the file to start the training again",
            path=path,
        ) from error


def checkpoint_file(folder: Path, step: int) -> Path:
    """The checkpoint after so many steps."""
    return folder / f"checkpoint-{step:08}.safetensors"


def checkpoint_files(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first; one without a number, of Partly 0.1, before all others."""
    unnumbered = folder / "checkpoint.safetensors"
    numbered = sorted(folder.glob("checkpoint-*.safetensors"))
    return [*([unnumbered] if unnumbered.exists() else []), *numbered]


def _as_today(tensors: dict[str, Tensor], values: dict[str, Any]) -> Checkpoint:
    """What a file says, whichever version wrote it."""
    if "config" not in values or "start" not in values:
        return Checkpoint(tensors, values)
    names = ("part set", "start", "number of pictures", "choice of pictures")
    identity = {**values["config"], **{name: values[name] for name in names}}
    others = {name: values[name] for name in ("step", "time_s", "held_out_iou")}
    today = {
        f"optimizer of network.{name.removeprefix('optimizer.')}"
        if name.startswith("optimizer.")
        else name: t
        for name, t in tensors.items()
    }
    return Checkpoint(today, {"identity": identity, **others})


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names with ``prefix`` and a dot before them."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix`` and a dot, without it."""
    return {n.removeprefix(f"{prefix}."): t for n, t in tensors.items() if n.startswith(f"{prefix}.")}


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer: ``"<number of the parameter>.<name>"`` to tensor."""
    return {
        f"{number}.{name}": value
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what :func:`optimizer_tensors` gave; learning rates and the like stay as they are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    fused = [bool(group.get("fused")) for group in optimizer.param_groups for _ in group["params"]]
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)]
        if fused[int(number)]:
            # Kernels that do a whole step want the number of steps beside the parameter.
            value = value.to(parameter.device)
        # The layout of the parameter (channels last), so that the next steps round alike and cost alike.
        like = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
        optimizer.state[parameter][name] = like.copy_(value)


def restore_module(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load weights into a module.

    Raises:
        BadModelFile: they are those of another network.
    """
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise BadModelFile(
            "is the checkpoint of another network",
            expected="one of the same architecture and part set",
            remedy="Delete the file, or train in another folder",
            path=path,
        ) from error
