"""What is to be computed in float32, whatever networks around it compute in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

# Others, such as the devices of tests, have no automatic precision that could be switched off.
_WITH_AUTOCAST = frozenset({"cpu", "cuda", "mps"})


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Halves are switched off while the block runs: for solvers, and for sums of many terms."""
    if device.type not in _WITH_AUTOCAST or not torch.is_autocast_enabled(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
