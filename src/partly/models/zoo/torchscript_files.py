"""The tensors of a TorchScript file by name; no code of it is run.

The format (torch/csrc/jit/serialization): a zip with ``NAME/data.pkl``, a pickle of modules whose attributes
are tensors, numbers and further modules; a tensor names its storage, which is the plain numbers in
``NAME/data/KEY``. The program beside them, in ``NAME/code``, is left alone.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.models.foreign.inert_pickles import damaged, refused

_MODULES = "__torch__."
_DTYPES = {"FloatStorage": torch.float32, "HalfStorage": torch.float16, "DoubleStorage": torch.float64}
_DAMAGED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
)


class _Module:
    """Stands in for any module: a holder of attributes."""

    attributes: dict[str, Any]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.attributes = dict(state)


class _Tensor:
    """What a file says of a tensor."""

    def __init__(self, storage: Any, offset: int, size: tuple[int, ...], stride: Any, *_: Any) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), tuple(stride)


class _TorchScriptUnpickler(pickle.Unpickler):
    """Answers every name with something that does nothing, or refuses it."""

    path: Path

    def find_class(self, module: str, name: str, /) -> Any:
        """Stand-in for ``module.name``."""
        if f"{module}.".startswith(_MODULES):
            return _Module
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        known = {
            ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
            ("torch.jit._pickle", "build_intlist"): tuple,
            ("collections", "OrderedDict"): dict,
        }
        if (module, name) in known:
            return known[module, name]
        raise refused(f"{module}.{name}", self.path)

    def persistent_load(self, pid: Any, /) -> Any:
        """A storage: its type and its key."""
        _, dtype, key, *_ = pid
        return dtype, key


def torchscript_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a TorchScript file, by the dotted names of their attributes.

    Raises:
        BadModelFile: it is no such file, is damaged, or asks for something else than modules and tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.count("/") == 1]
            [name] = [name for name in pickles if name.endswith("/data.pkl")]
            unpickler = _TorchScriptUnpickler(io.BytesIO(archive.read(name)))
            unpickler.path = path
            folder = name.removesuffix(".pkl")
            return {name: _read(archive, folder, tensor) for name, tensor in _named("", unpickler.load())}
    except _DAMAGED as error:
        raise damaged(error, path) from error


def _named(prefix: str, module: _Module) -> Iterator[tuple[str, _Tensor]]:
    for name, value in vars(module).get("attributes", {}).items():
        if isinstance(value, _Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _named(f"{prefix}{name}.", value)


def _read(archive: zipfile.ZipFile, folder: str, tensor: _Tensor) -> Tensor:
    dtype, key = tensor.storage
    numbers = torch.frombuffer(bytearray(archive.read(f"{folder}/{key}")), dtype=dtype)
    strides = tuple(prod(tensor.size[i + 1 :]) for i in range(len(tensor.size)))
    if tensor.offset or tensor.stride != strides or len(numbers) != prod(tensor.size):
        raise ValueError(f"a tensor of size {tensor.size} in {len(numbers)} numbers")
    return numbers.view(tensor.size)
