"""Tensors and numbers out of the records of a pickle, each checked before it is made.

How torch pickles a tensor outside of ``torch.save`` (torch/_utils.py, torch/storage.py):
``_rebuild_tensor_v2(storage, offset, size, stride, ...)``, where the storage is ``_load_from_bytes(bytes)``
of a file of ``torch.save``.
"""

from __future__ import annotations

import io
import reprlib
import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.containers import load_tensors
from partly.models.foreign.inert_pickles import (
    NUMPY_ARRAYS,
    NUMPY_DTYPE,
    NUMPY_SCALARS,
    PARAMETER,
    STORAGE,
    TENSORS,
    Record,
)

_FORMS = {"f8": "d", "f4": "f", "i8": "q", "i4": "i"}
"""Types of NumPy's numbers, as the module ``struct`` names them."""


def tensor_of(value: Any, name: str, path: Path) -> Tensor:
    """The tensor, or parameter, that a record describes.

    Args:
        value: the record.
        name: whose it is, for errors.
        path: the file, for errors.

    Raises:
        BadModelFile: it describes none, or one that does not fit its storage.
    """
    if isinstance(value, Record) and value.name == PARAMETER and value.args:
        value = value.args[0]
    if not (isinstance(value, Record) and value.name in TENSORS and len(value.args) >= 4):
        raise BadModelFile(f"{name} is {_kind(value)}", expected="a tensor", path=path)
    storage, offset, size, stride = value.args[:4]
    flat = _flat(storage, name, path)
    try:
        return flat.as_strided(size, stride, offset)
    except (RuntimeError, TypeError) as error:
        raise BadModelFile(
            f"{name} has size {reprlib.repr(size)}, strides {reprlib.repr(stride)} and offset "
            f"{reprlib.repr(offset)} in {flat.numel()} numbers",
            expected="a tensor within its storage",
            path=path,
        ) from error


def array_of(value: Any, name: str, path: Path) -> np.ndarray:
    """The array of float32 that a record describes.

    NumPy pickles an array as an empty one whose state is a version, the shape, the type, whether columns come
    first, and the numbers (``numpy.ndarray.__setstate__``).

    Args:
        value: the record.
        name: whose it is, for errors.
        path: the file, for errors.

    Raises:
        BadModelFile: it describes none, or numbers that do not fit its shape.
    """
    if not (isinstance(value, Record) and value.name in NUMPY_ARRAYS and isinstance(value.state, tuple)):
        raise BadModelFile(f"{name} is {_kind(value)}", expected="an array", path=path)
    match value.state:
        case (_, tuple(shape), Record(name=dtype_name) as dtype, columns_first, bytes(data)) if (
            dtype_name == NUMPY_DTYPE and all(isinstance(n, int) and n >= 0 for n in shape)
        ):
            is_little = isinstance(dtype.state, tuple) and dtype.state[1:2] == ("<",)
            if dtype.args[:1] == ("f4",) and is_little and len(data) == 4 * prod(shape):
                return np.frombuffer(data, "<f4").reshape(shape, order="F" if columns_first else "C")
    raise BadModelFile(
        f"{name} is an array of another kind than its numbers",
        expected="float32, as many as its shape says",
        path=path,
    )


def plain_of(value: Any) -> Any:
    """A number of NumPy as a Python number; anything else as it is."""
    if not (isinstance(value, Record) and value.name in NUMPY_SCALARS and len(value.args) == 2):
        return value
    dtype, data = value.args
    if not (isinstance(dtype, Record) and dtype.name == NUMPY_DTYPE and isinstance(data, bytes)):
        return value
    form = _FORMS.get(str(dtype.args[0])) if dtype.args else None
    if form is None or len(data) != struct.calcsize(form):
        return value
    # The state of a type begins with its version and its byte order.
    is_big = isinstance(dtype.state, tuple) and dtype.state[1:2] == (">",)
    return struct.unpack((">" if is_big else "<") + form, data)[0]


def _flat(storage: Any, name: str, path: Path) -> Tensor:
    """All numbers of a storage, in a row."""
    if not (isinstance(storage, Record) and storage.name == STORAGE and len(storage.args) == 1):
        raise BadModelFile(f"{name} is stored as {_kind(storage)}", expected="bytes of torch", path=path)
    data = storage.args[0]
    if not isinstance(data, bytes):
        raise BadModelFile(f"{name} is stored as {_kind(data)}", expected="bytes of torch", path=path)
    found = load_tensors(io.BytesIO(data), path)
    if not isinstance(found, torch.TypedStorage):
        raise BadModelFile(f"{name} is stored as {_kind(found)}", expected="a storage of torch", path=path)
    # Typing knows only storages without types, which set_ would take for bytes.
    source: Any = found
    return torch.empty(0, dtype=found.dtype).set_(source)


def _kind(value: Any) -> str:
    return value.name if isinstance(value, Record) else f"of type {type(value).__name__}"
