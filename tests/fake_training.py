"""Whole trainings on a device that is not the processor: every step runs, and no number is computed.

Fake tensors (:mod:`tests.fake_device`) have no values, but trainings read some: losses, to tell of them, and
which pictures are chosen. Here a value that is read is 1 or True, and whatever may be chosen is chosen, so
that every change of an augmentation takes place. A loop runs as it is; what fails is what would fail on a
GPU: operations of two tensors on two devices, and arrays of tensors that are not on the processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from partly.machine.machine import Machine
from tests.fake_device import another_device

_ATEN = torch.ops.aten
_NUMPY = {torch.bool: np.bool_, torch.uint8: np.uint8, torch.int64: np.int64, torch.float16: np.float16}


@contextmanager
def another_machine() -> Iterator[Machine]:
    """While the block runs, all tensors are fake, and what is read of them is 1; the machine is not the CPU.

    Networks and data are made within the block.
    """
    with ExitStack() as stack:
        device = stack.enter_context(another_device())
        stack.enter_context(patch.object(Tensor, "numpy", _array))
        stack.enter_context(patch.object(nn.Module, "cpu", lambda module: module.to(torch.device("cpu"))))
        stack.enter_context(patch.object(torch, "autocast", _no_autocast))
        stack.enter_context(patch("partly.storage.model_folders.tensors_to_bytes", _names))
        stack.enter_context(patch("partly.training.chassis.reading_ahead.ThreadPoolExecutor", _NoThread))
        stack.enter_context(_AllOnes())
        yield Machine(device)


class _AllOnes(TorchDispatchMode):
    """Answers what fake tensors cannot: all that depends on values."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is _ATEN._local_scalar_dense.default:
            return _one(args[0].dtype)
        if func is _ATEN.nonzero.default:
            return args[0].new_zeros((args[0].numel(), args[0].ndim), dtype=torch.int64)
        if func in (_ATEN.index.Tensor, _ATEN.index_put.default, _ATEN.index_put_.default):
            args = (args[0], [_all_places(i) for i in args[1]], *args[2:])
        return func(*args, **(kwargs or {}))


class _NoThread(Executor):
    """Does at once what a thread would do: fake tensors belong to one thread."""

    def __init__(self, n_threads: int) -> None:
        pass

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*args, **kwargs))
        return done


def _one(dtype: torch.dtype) -> Any:
    if dtype == torch.bool:
        return True
    return 1.0 if dtype.is_floating_point else 1


def _all_places(index: Tensor | None) -> Tensor | None:
    """Places instead of booleans: all of them."""
    if index is None or index.dtype != torch.bool:
        return index
    assert index.ndim == 1, "masks of several dimensions are not needed yet"
    return torch.arange(len(index), device=index.device)


def _array(tensor: Tensor) -> np.ndarray:
    if tensor.device.type != "cpu":
        raise TypeError(f"can't convert a tensor on {tensor.device} to numpy; use .cpu() first")
    return np.ones(tuple(tensor.shape), _NUMPY.get(tensor.dtype, np.float32))


def _names(tensors: Any, metadata: Any = None) -> bytes:
    """What stands for the bytes of tensors in digests."""
    return repr([(name, tuple(t.shape)) for name, t in tensors.items()]).encode()


def _no_autocast(*_: Any, **__: Any) -> AbstractContextManager[None]:
    """PyTorch has no autocast for the stand-in; tests with bfloat16 on the processor show that."""
    return nullcontext()
