"""A device that is not the processor, whose tensors have values: solvers and whole fits run on it.

Fake tensors (``tests/fake_device.py``) have none, so that whatever reads one fails on them: which cells are
labelled, whether a solver has converged. Here every tensor of the device hides one of the processor, on which
the work is done; it says that it lies on ``meta``, and as on a GPU it is an error to mix it with tensors of
the processor, or to make NumPy arrays of it. Results are those of the processor to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

from tests.fake_device import _moved

DEVICE = torch.device("meta")
_ATEN = torch.ops.aten
# As on a GPU, indexes may lie on the processor, and copies are what goes from one device to another.
_INDEXING = {
    _ATEN.index.Tensor,
    _ATEN.index_put_.default,
    _ATEN.index_put.default,
    _ATEN._index_put_impl_.default,
}
_COPYING = {_ATEN.copy_.default, _ATEN._to_copy.default}
_READING = {_ATEN._local_scalar_dense.default, _ATEN.is_nonzero.default, _ATEN.equal.default}


class _There(Tensor):
    """A tensor of the device; ``hidden`` has its values."""

    hidden: Tensor

    @staticmethod
    def __new__(cls, hidden: Tensor) -> _There:
        made = Tensor._make_wrapper_subclass(
            cls,
            hidden.shape,
            strides=hidden.stride(),
            storage_offset=hidden.storage_offset(),
            dtype=hidden.dtype,
            layout=hidden.layout,
            device=DEVICE,
            requires_grad=False,
        )
        made.hidden = hidden
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            copied: Tensor = self.detach().clone()
            if isinstance(self, nn.Parameter):
                copied = nn.Parameter(copied, self.requires_grad)
            memo[id(self)] = copied
        return memo[id(self)]

    def tolist(self) -> Any:
        """As on a GPU: the values are fetched. Torch refuses it for subclasses."""
        return self.hidden.tolist()

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        return _done(func, args, dict(kwargs or {}))


class _Factories(TorchDispatchMode):
    """Tensors that are made on the device from nothing."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        return _done(func, args, dict(kwargs or {}))


@contextmanager
def device_with_values() -> Iterator[torch.device]:
    """While the block runs, tensors can be made on this device, and modules moved to it by ``.to``."""
    without_gradients = (
        # Tensors of the device are made of others, for which the mode of inference has no place.
        patch.object(torch.inference_mode, "__enter__", _enter),
        patch.object(torch.inference_mode, "__exit__", _exit),
    )
    with _Factories(), patch.object(nn.Module, "to", _moved), without_gradients[0], without_gradients[1]:
        yield DEVICE


def _enter(mode: Any) -> None:
    mode.instead = torch.no_grad()
    mode.instead.__enter__()


def _exit(mode: Any, *details: Any) -> None:
    mode.instead.__exit__(*details)


def _done(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
    there = tensors_there = any(isinstance(tensor, _There) for tensor in tensors)
    _check(func, args, tensors)
    asked = kwargs.get("device")
    if asked is not None and torch.device(asked).type == DEVICE.type:
        kwargs["device"], there = torch.device("cpu"), True
    elif asked is not None:
        there = False
    hidden_args, hidden_kwargs = tree_map_only(_There, lambda t: t.hidden, (tuple(args), kwargs))
    found = func(*hidden_args, **hidden_kwargs)
    if func in _READING or found is None or not (there or tensors_there):
        return found
    if func is _ATEN.copy_.default or func._schema.name.endswith("_") or "out" in kwargs:
        # What is changed in place stays the same object.
        return args[0] if not kwargs.get("out") is not None else kwargs["out"]
    return tree_map_only(Tensor, _There, found) if there else found


def _check(func: Any, args: Sequence[Any], tensors: Sequence[Tensor]) -> None:
    """Refuse tensors of two devices; numbers without a dimension may lie on the processor."""
    if func in _COPYING:
        return
    if func in _INDEXING:
        tensors = [args[0], *(args[2:3] if len(args) > 2 else ())]
        if not isinstance(args[0], _There) and any(isinstance(i, _There) for i in args[1]):
            raise RuntimeError("indexes on another device than the tensor, which is on cpu")
    if any(isinstance(t, _There) for t in tensors):
        others = [t for t in tensors if not isinstance(t, _There) and t.ndim]
        if others:
            raise RuntimeError(f"{func}: tensors on two devices, {DEVICE} and cpu")
