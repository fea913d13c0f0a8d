"""Pickles read without running them: every call that a file asks for becomes a record of that call.

A pickle is a program that may call anything it can name (https://docs.python.org/3/library/pickle.html,
"Restricting Globals"). Here it may name what stands in the table below and nothing else, and even that is not
called: dictionaries and sets are made, all else is written down, for others to interpret.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from partly.errors import BadModelFile

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
PARAMETER = "torch._utils._rebuild_parameter"
STORAGE = "torch.storage._load_from_bytes"
NUMPY_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
NUMPY_DTYPE = "numpy.dtype"
NUMPY_ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_NUMPY_ARRAY_CLASS = "numpy.ndarray"
_DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
)
_REMEDIES = {
    "dnnlib.tflib.network.Network": "It is a pickle of the TensorFlow version: turn it into one of the "
    "PyTorch version first, with legacy.py of the repository stylegan2-ada-pytorch",
}


class Record:
    """What the file wanted to be made by calling ``name``; nothing was called.

    Attributes:
        name: dotted name of the function or class.
        args: the arguments, plain values and records.
        state: what the object was to be filled with afterwards; None where nothing was.
    """

    __slots__ = ("args", "name", "state")

    def __init__(self, name: str, *args: Any) -> None:
        self.name, self.args = name, args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class PlainDict(dict[Any, Any]):
    """Stands in for kinds of dictionaries; attributes that a file sets on it are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        pass


_MADE: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": PlainDict,
    "dnnlib.util.EasyDict": PlainDict,
    "builtins.set": set,
    "__builtin__.set": set,
}
_RECORDED = frozenset(
    (PERSISTENT, *TENSORS, PARAMETER, STORAGE, *NUMPY_SCALARS, NUMPY_DTYPE, *NUMPY_ARRAYS, _NUMPY_ARRAY_CLASS)
)


class _InertUnpickler(pickle.Unpickler):
    """Answers every name with something that does nothing, or refuses it."""

    path: Path

    def find_class(self, module: str, name: str, /) -> Any:
        """Stand-in for ``module.name``."""
        full_name = f"{module}.{name}"
        if full_name in _MADE:
            return _MADE[full_name]
        if full_name in _RECORDED:
            return partial(Record, full_name)
        raise refused(full_name, self.path)


def read_inert(path: Path) -> Any:
    """What a pickle holds: plain values, containers and :class:`Record`.

    Raises:
        BadModelFile: it names anything else than what checkpoints need, or is no whole pickle.
    """
    with path.open("rb") as file:
        unpickler = _InertUnpickler(file)
        unpickler.path = path
        try:
            return unpickler.load()
        except _DAMAGED as error:
            raise damaged(error, path) from error


def refused(name: str, path: Path) -> BadModelFile:
    """The error of a file that names what no checkpoint needs."""
    return BadModelFile(
        f"asks for {name}; it was refused, and nothing of the file was run",
        expected="tensors, numbers and plain containers only",
        remedy=_REMEDIES.get(name, "Do not open it in other programs unless you trust where it comes from"),
        path=path,
    )


def damaged(error: Exception, path: Path) -> BadModelFile:
    """The error of a file that ends early, or makes no sense."""
    said = str(error).strip().splitlines()
    return BadModelFile(
        f"cannot be read ({said[0] if said else type(error).__name__})",
        expected="a whole checkpoint",
        remedy="It may be cut off: copy or download it again",
        path=path,
    )
