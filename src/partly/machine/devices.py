"""Devices by name: which there are, and which half precision is fast on each."""

from __future__ import annotations

import re

import torch
from torch import nn

from partly.errors import BadOption
from partly.machine.machine_options import Precision

CPU = torch.device("cpu")
_NAME = re.compile(r"(cpu|mps|cuda(:\d+)?)")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device_of(network: object) -> torch.device:
    """Where a network is: the device of its first weights; the processor, if it is no module or has none."""
    weights = next(network.parameters(), None) if isinstance(network, nn.Module) else None
    return CPU if weights is None else weights.device


def device_named(name: str, place: int = 0, *, training: bool = False) -> torch.device:
    """The device of a name: "cpu", "mps", "cuda", "cuda:1", or "auto", which is a GPU if there is one.

    Args:
        name: of the device.
        place: of this process among those of the machine; "auto" and "cuda" give each its own GPU.
        training: gradients are taken. Not all that trainings need is known to be there on Apple's GPUs, so
            that "auto" gives them none; "mps" does.

    Raises:
        BadOption: there is no such device here.
    """
    there, asked = devices_here(), name
    if name == "auto":
        kinds = ("cuda",) if training else ("cuda", "mps")
        name = next((kind for kind in kinds if kind in there), "cpu")
    if not _NAME.fullmatch(name):
        raise BadOption(f"device {name!r}", expected="one of auto, cpu, cuda, cuda:0, cuda:1, mps")
    if name == "cuda":
        name = f"cuda:{place}"
    if name not in there:
        raise BadOption(
            f"device {name} is not there",
            expected=f"one of {', '.join(there)}",
            remedy=_remedy(name, there, is_own=asked in ("auto", "cuda") and place > 0),
        )
    return torch.device(name)


def names_a_card(name: str) -> bool:
    """Whether the name of a device says which of several GPUs it is, as "cuda:1" does."""
    return name.startswith("cuda:")


def check_for_processes(name: str, n_here: int, n: int) -> None:
    """Refuse a device that several processes of one training cannot share.

    Args:
        name: of the device that was asked for.
        n_here: processes on this machine.
        n: processes on all machines.

    Raises:
        BadOption: it is one GPU for several processes, or one of Apple's, whose tensors cannot travel.
    """
    if name == "mps" and n > 1:
        raise BadOption(
            f"device mps for {n} processes that train together",
            expected="GPUs of NVIDIA, or processors",
            remedy="Run the command without torchrun, or give --device cpu",
        )
    if names_a_card(name) and n_here > 1:
        raise BadOption(
            f"device {name} for {n_here} processes that train together",
            expected="a GPU for each",
            remedy="Give --device cuda, and each takes its own; or run the command without torchrun",
        )


def devices_here() -> tuple[str, ...]:
    """Names of all devices that this process can use; "cpu" is always there, and "cuda" if any GPU is."""
    there = ["cpu"]
    if torch.cuda.is_available():
        there += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        there.append("mps")
    return tuple(there)


def _remedy(name: str, there: tuple[str, ...], *, is_own: bool) -> str:
    """What to do about a device that is not there.

    Args:
        name: of the device.
        there: those that are.
        is_own: it would be this process's own one of several.
    """
    if is_own and "cuda" in there:
        n_gpus = sum(map(names_a_card, there))
        return f"Start a process for each GPU: torchrun --nproc-per-node {n_gpus}; or give --device cpu"
    if name.startswith("cuda") and "cuda" not in there and torch.version.cuda is None:
        how = "This PyTorch was built without CUDA: install one with it, as pytorch.org says"
        return f"{how}, or leave --device out"
    return "Leave --device out, and the fastest that is there is taken"


def device_text(device: torch.device) -> str:
    """A device as people call it: "cpu", "mps", "cuda:0 (NVIDIA H200)"."""
    if device.type != "cuda":
        return str(device)
    return f"{device} ({torch.cuda.get_device_name(device)})"


def fast_half(device: torch.device) -> torch.dtype | None:
    """The half precision in which a device multiplies much faster than in float32.

    Processors compute halves many times more slowly, or no faster, and halves of Apple's GPUs have not been
    measured; so both get none.
    """
    if device.type != "cuda":
        return None
    if has_bfloat16(device):
        return torch.bfloat16
    # Tensor cores came with Volta, 7.0.
    return torch.float16 if torch.cuda.get_device_capability(device) >= (7, 0) else None


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes bfloat16 itself: every processor does, and GPUs from Ampere (8.0) on."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return True


def dtype_for(precision: Precision, device: torch.device, *, training: bool) -> torch.dtype:
    """What networks compute in.

    Args:
        precision: what was asked for.
        device: where they compute.
        training: gradients are taken. Those of float16 vanish without scaling, so that "auto" never gives
            it here.

    Raises:
        BadOption: the device has no bfloat16, or a training is to compute in float16.
    """
    if precision == "auto":
        half = fast_half(device)
        return torch.float32 if half is None or (training and half == torch.float16) else half
    if precision == "bfloat16" and not has_bfloat16(device):
        raise BadOption(
            f"{device_text(device)} does not compute bfloat16",
            expected="a GPU of the Ampere generation or later",
            remedy="Leave --precision out, or give --precision float32",
        )
    if precision == "float16" and training:
        raise BadOption(
            "a training in float16, whose gradients vanish",
            expected="float32 or bfloat16",
            remedy="Leave --precision out",
        )
    return _DTYPES[precision]
