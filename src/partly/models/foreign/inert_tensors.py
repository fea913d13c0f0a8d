"""Tensors and numbers out of the records of a pickle, each checked before it is made.

How torch pickles a tensor (torch/_utils.py, torch/storage.py): ``_rebuild_tensor_v2(storage, offset, size,
stride, ...)``, where the storage is one of the file of ``torch.save`` that it stands in, or elsewhere
``_load_from_bytes(bytes)`` of such a file.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_names import (
    NUMPY_ARRAYS,
    NUMPY_BUFFERS,
    NUMPY_DTYPE,
    NUMPY_SCALARS,
    PARAMETERS,
    STORAGE,
    TENSORS,
)
from partly.models.foreign.inert_pickles import Record, damaged
from partly.models.foreign.torch_files import Storage, read_torch_bytes

_NUMBERS = re.compile(r"[fiu][1248]|b1")
"""Types of NumPy's numbers, as its pickles name them."""


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, or a record of one."""
    return isinstance(value, Tensor) or (isinstance(value, Record) and value.name in (*TENSORS, *PARAMETERS))


def tensors_of(state: Any, path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, arrays of NumPy among them.

    Raises:
        BadModelFile: it is no dict, or something of it is none.
    """
    if not isinstance(state, Mapping):
        raise BadModelFile(f"holds a {type(state).__name__}", expected="tensors by their names", path=path)
    return {str(name): numbers_of(value, str(name), path) for name, value in state.items()}


def tensor_of(value: Any, name: str, path: Path) -> Tensor:
    """The tensor, or parameter, that a record describes.

    Args:
        value: the record; a tensor stays what it is.
        name: whose it is, for errors.
        path: the file, for errors.

    Raises:
        BadModelFile: it describes none, or one that does not fit its storage.
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Record) and value.name in PARAMETERS and value.args:
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
    return _array(value, name, path, "float32")


def whole_numbers_of(value: Any, name: str, path: Path) -> list[int]:
    """The whole numbers of an array's record, or of a list or tuple of numbers.

    Raises:
        BadModelFile: it describes none.
    """
    if isinstance(value, list | tuple):
        found = [plain_of(number) for number in value]
        if all(type(number) is int for number in found):
            return found
    return [int(number) for number in _array(value, name, path, "int64").flatten()]


def _array(value: Any, name: str, path: Path, kind: Literal["float32", "int64"]) -> np.ndarray:
    if not (isinstance(value, Record) and value.name in (*NUMPY_ARRAYS, *NUMPY_BUFFERS)):
        raise BadModelFile(f"{name} is {_kind(value)}", expected="an array", path=path)
    code, n_bytes = ("<f4", 4) if kind == "float32" else ("<i8", 8)
    match value.args if value.name in NUMPY_BUFFERS else value.state:
        case (_, tuple(shape), dtype, columns_first, bytes(data)) | (
            bytes(data) | bytearray(data),
            dtype,
            tuple(shape),
            ("F" | "C") as columns_first,
        ) if all(isinstance(n, int) and n >= 0 for n in shape):
            order: Literal["F", "C"] = "F" if columns_first in (True, "F") else "C"
            if _dtype_code(dtype) == code and len(data) == n_bytes * prod(shape):
                return np.frombuffer(data, code).reshape(shape, order=order)
    raise BadModelFile(
        f"{name} is an array of another kind than its numbers",
        expected=f"{kind}, as many as its shape says",
        path=path,
    )


def numbers_of(value: Any, name: str, path: Path) -> Tensor:
    """The tensor of a record of a tensor, or of an array of float32; see :func:`tensor_of`.

    Raises:
        BadModelFile: it describes neither.
    """
    if isinstance(value, Record) and value.name in (*NUMPY_ARRAYS, *NUMPY_BUFFERS):
        return torch.from_numpy(array_of(value, name, path).copy())
    return tensor_of(value, name, path)


def plain_of(value: Any) -> Any:
    """A number of NumPy as a Python number; anything else as it is."""
    if not (isinstance(value, Record) and value.name in NUMPY_SCALARS and len(value.args) == 2):
        return value
    dtype, data = value.args
    code = _dtype_code(dtype)
    # Python 2 wrote them as a text.
    data = data.encode("latin-1", "replace") if isinstance(data, str) else data
    if code is None or not isinstance(data, bytes) or len(data) != np.dtype(code).itemsize:
        return value
    return np.frombuffer(data, code)[0].item()


def _dtype_code(dtype: Any) -> str | None:
    """Byte order and type of NumPy's numbers, such as "<f4"; None where it is another type."""
    if not (isinstance(dtype, Record) and dtype.name == NUMPY_DTYPE and dtype.args):
        return None
    if not _NUMBERS.fullmatch(str(dtype.args[0])):
        return None
    # The state of a type begins with its version and its byte order.
    is_big = isinstance(dtype.state, tuple) and dtype.state[1:2] == (">",)
    return f"{'>' if is_big else '<'}{dtype.args[0]}"


def _flat(storage: Any, name: str, path: Path) -> Tensor:
    """All numbers of a storage, in a row."""
    found = storage
    if not isinstance(storage, Storage):
        if not (isinstance(storage, Record) and storage.name == STORAGE and len(storage.args) == 1):
            raise BadModelFile(f"{name} is stored as {_kind(storage)}", expected="bytes of torch", path=path)
        data = storage.args[0]
        if not isinstance(data, bytes):
            raise BadModelFile(f"{name} is stored as {_kind(data)}", expected="bytes of torch", path=path)
        found = read_torch_bytes(data, path)
    if not isinstance(found, Storage):
        raise BadModelFile(f"{name} is stored as {_kind(found)}", expected="a storage of torch", path=path)
    try:
        return found.flat()
    except ValueError as error:
        raise damaged(error, path) from error


def _kind(value: Any) -> str:
    return value.name if isinstance(value, Record) else f"of type {type(value).__name__}"
