"""Files of ``torch.save`` read without torch's own loader, in records: nothing of them is called.

The formats (torch/serialization.py): since torch 1.6 a zip with ``NAME/data.pkl``, a pickle that names
storages by keys, and their plain numbers in ``NAME/data/KEY``; before, pickles one behind the other (a magic
number, a version, facts of the machine, the content, the keys of its storages) and then the numbers of each
storage. The pickles are of any protocol, where torch's own restricted loader knows the second only.
"""

from __future__ import annotations

import io
import lzma
import pickle
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_names import STORAGE_TYPES
from partly.models.foreign.inert_pickles import DAMAGED, InertUnpickler, damaged

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
OLD_HEADS = tuple(pickle.dumps(_MAGIC, protocol) for protocol in range(6))
"""What the older files begin with, by the protocol of their pickles."""
_DTYPES = {
    f"torch.{kind}Storage": dtype
    for kind, dtype in zip(
        STORAGE_TYPES,
        (
            torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
            torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
            torch.uint8, torch.int8, torch.int32,
        ),
        strict=True,
    )
}  # fmt: skip
_DTYPES["torch.storage.UntypedStorage"] = torch.uint8
_PROTOCOL_0 = re.compile(r"\('storage', <class '([\w.]+)'>, '(\d+)', '[\w:]*', (\d+)(?:, None)?\)")
"""A storage's name in protocol 0, which has texts only."""
_LOCAL_HEAD = struct.Struct("<26xHH")
_TORCHSCRIPT = re.compile(r"[^/]+/(code/.*|constants\.pkl|model\.json)")
_WEIGHTS = (".pt", ".pth", ".pkl", ".bin", ".ckpt", ".safetensors")
_BROKEN = (*DAMAGED, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, OSError)

Bytes = NDArray[np.uint8]


class Storage:
    """A row of numbers that tensors are views of; a pickle cannot change it.

    Args:
        dtype: of the numbers.
        n: how many.
    """

    __slots__ = ("dtype", "n", "numbers")

    def __init__(self, dtype: torch.dtype, n: int) -> None:
        self.dtype, self.n = dtype, n
        self.numbers: Bytes | None = None

    def __setstate__(self, state: Any) -> None:
        raise ValueError("a storage is changed")

    def flat(self) -> Tensor:
        """All numbers ``[n]``, left in the file until they are looked at.

        Raises:
            ValueError: there are fewer.
        """
        if self.numbers is None or len(self.numbers) < self.n * self.dtype.itemsize:
            raise ValueError("a storage is cut off")
        if self.n == 0:
            return torch.empty(0, dtype=self.dtype)
        return torch.frombuffer(self.numbers, dtype=self.dtype, count=self.n)


class _Unpickler(InertUnpickler):
    """Knows storages, too.

    Attributes:
        storages: by their keys.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file, path)
        self.storages: dict[str, Storage] = {}

    def persistent_load(self, pid: Any, /) -> Storage:
        """The storage of that name."""
        if isinstance(pid, str):
            found = _PROTOCOL_0.fullmatch(pid)
            if not found:
                raise ValueError("names a storage in an unknown way")
            kind, key, n = found[1], found[2], int(found[3])
        else:
            _, named, key, _, n, *views = pid
            if any(view is not None for view in views):
                raise ValueError("has storages within others, as torch wrote them before 0.4")
            kind = getattr(named, "full_name", "")
        if kind not in _DTYPES or not isinstance(n, int) or n < 0:
            raise ValueError(f"has a storage of an unknown kind {kind}")
        return self.storages.setdefault(str(key), Storage(_DTYPES[kind], n))


def read_torch_file(path: Path) -> Any:
    """What a file of ``torch.save`` holds: plain values, containers and records, numbers left in the file.

    Raises:
        BadModelFile: it asks for anything else than data, is damaged, or another kind of zip.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            # Copy on write: tensors are views of it, and may be changed.
            data = np.memmap(path, np.uint8, mode="c")
            return _from_zip(file, data, path) if is_zip else _from_pickles(file, data, path)
    except _BROKEN as error:
        raise damaged(error, path) from error


def read_torch_bytes(data: bytes, path: Path) -> Any:
    """What the bytes of a file of ``torch.save`` hold, in the format of before torch 1.6.

    Args:
        data: the bytes.
        path: the file that errors name.

    Raises:
        BadModelFile: they ask for anything else than data, or are damaged.
    """
    try:
        return _from_pickles(io.BytesIO(data), np.frombuffer(bytearray(data), np.uint8), path)
    except _BROKEN as error:
        raise damaged(error, path) from error


def _from_pickles(file: BinaryIO, data: Bytes, path: Path) -> Any:
    heads = [InertUnpickler(file, path).load() for _ in range(3)]
    if heads[:2] != [_MAGIC, _VERSION]:
        raise ValueError("no magic number of torch at its beginning")
    unpickler = _Unpickler(file, path)
    content = unpickler.load()
    at_keys = InertUnpickler(file, path).load()
    start = file.tell()
    for key in at_keys:
        storage = unpickler.storages[str(key)]
        # Before the numbers, their number.
        start += 8
        end = start + storage.n * storage.dtype.itemsize
        if end > len(data):
            raise EOFError("a storage is cut off")
        storage.numbers = _aligned(data[start:end])
        start = end
    return content


def _from_zip(file: BinaryIO, data: Bytes, path: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        inside = _Inside(archive, data)
        name = inside.pickle_name(path)
        unpickler = _Unpickler(io.BytesIO(archive.read(name)), path)
        content = unpickler.load()
        folder = name.removesuffix("data.pkl")
        if f"{folder}byteorder" in inside.names and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("its numbers have another byte order")
        for key, storage in unpickler.storages.items():
            storage.numbers = inside.member(f"{folder}data/{key}")
    return content


@dataclass(frozen=True)
class _Inside:
    """What is inside a zip of torch."""

    archive: zipfile.ZipFile
    data: Bytes

    @property
    def names(self) -> list[str]:
        return self.archive.namelist()

    def pickle_name(self, path: Path) -> str:
        """Name of the member with the content.

        Raises:
            BadModelFile: it is a TorchScript archive, or none of torch.
        """
        if any(_TORCHSCRIPT.fullmatch(name) for name in self.names):
            raise BadModelFile(
                "is a TorchScript archive, a program with its weights",
                expected="a checkpoint, the weights by their names",
                remedy="Take the checkpoint that it was made from: Partly runs no foreign programs",
                path=path,
            )
        found = [name for name in self.names if re.fullmatch(r"([^/]+/)?data\.pkl", name)]
        if found:
            return found[0]
        within = [name for name in self.names if name.endswith(_WEIGHTS)]
        raise BadModelFile(
            f"is a zip of {', '.join(self.names[:3]) or 'nothing'}",
            expected="a file of torch.save, which has a data.pkl in it",
            remedy=f"Unpack it, and give {within[0]}" if within else "Take the checkpoint itself",
            path=path,
        )

    def member(self, name: str) -> Bytes:
        """The bytes of a member; views of the file, unless they are compressed."""
        info = self.archive.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            return np.frombuffer(bytearray(self.archive.read(name)), np.uint8)
        head = bytes(self.data[info.header_offset : info.header_offset + _LOCAL_HEAD.size])
        start = info.header_offset + _LOCAL_HEAD.size + sum(_LOCAL_HEAD.unpack(head))
        return _aligned(self.data[start : start + info.file_size])


def _aligned(numbers: Bytes) -> Bytes:
    """The same bytes, at an address that is good for all numbers."""
    return numbers if numbers.ctypes.data % 16 == 0 else np.array(numbers)
