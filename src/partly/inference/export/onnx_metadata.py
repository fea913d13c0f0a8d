"""The metadata of an ONNX file, read without its weights and without the package onnx.

An ONNX file is one message of protocol buffers (ModelProto of the ONNX specification): fields one after
another, each a key and a value, of which the graph is by far the largest and is jumped over.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from partly.errors import BadModelFile

_METADATA_PROPS = 14
_NUMBER, _BYTES = 0, 2  # kinds of values; ModelProto has no others
_MOST_BYTES = 1 << 24
_LONGEST_NUMBER = 10


def read_metadata(path: Path) -> dict[str, str]:
    """All metadata of an ONNX file, by name.

    Raises:
        BadModelFile: it is missing, or no ONNX file.
    """
    try:
        with path.open("rb") as file:
            return dict(_entry(value) for value in _values(file, _METADATA_PROPS))
    except FileNotFoundError:
        raise BadModelFile("no such file", expected="a network that partly export wrote", path=path) from None
    except (ValueError, EOFError) as error:
        raise BadModelFile(
            f"is no ONNX file ({error})", remedy="Export the network again", path=path
        ) from error


def _entry(data: bytes) -> tuple[str, str]:
    """Key and value of a StringStringEntryProto."""
    key, value = (b"".join(_values(io.BytesIO(data), field)) for field in (1, 2))
    return key.decode(), value.decode()


def _values(file: BinaryIO, wanted: int) -> Iterator[bytes]:
    """The values of one field of a message that are bytes; all others are jumped over."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    while file.tell() < end:
        field, kind = divmod(_number(file), 8)
        if kind == _BYTES:
            n_bytes = _number(file)
            if file.tell() + n_bytes > end:
                raise EOFError("it ends too early")
            if field == wanted and n_bytes <= _MOST_BYTES:
                yield file.read(n_bytes)
            else:
                file.seek(n_bytes, io.SEEK_CUR)
        elif kind == _NUMBER:
            _number(file)
        else:
            raise ValueError(f"it has a field of kind {kind}")


def _number(file: BinaryIO) -> int:
    """A number of seven bits a byte, the lowest first; the eighth bit says that more follow."""
    number = 0
    for i in range(_LONGEST_NUMBER):
        byte = file.read(1)
        if not byte:
            raise EOFError("it ends too early")
        number |= (byte[0] & 127) << 7 * i
        if byte[0] < 128:
            return number
    raise ValueError("it has a number without an end")
