"""The only file of a form (``multipart/form-data``, RFC 7578), in memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from partly.errors import BadOption

_MOST_FIELDS = 16
# What it thinks of a form is told in the answer.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


@dataclass
class _Field:
    """One field while its bytes come."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    is_whole: bool = False

    @property
    def file_name(self) -> str | None:
        """The name of the file that it is; None where it is none."""
        _, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        return None if name is None else name.decode("utf-8", "replace")


class _Fields:
    """Takes the fields of a form from the parser."""

    def __init__(self) -> None:
        self.fields: list[_Field] = []
        self._name, self._value = bytearray(), bytearray()

    def begin(self) -> None:
        if len(self.fields) >= _MOST_FIELDS:
            raise BadOption(f"the form has over {_MOST_FIELDS} fields", expected="one file, the photo")
        self.fields.append(_Field())

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self.fields[-1].headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self.fields[-1].data += memoryview(data)[start:end]

    def end(self) -> None:
        self.fields[-1].is_whole = True


def only_file(content_type: str, body: bytes) -> tuple[bytes, str]:
    """The bytes of the only file in a form, and its name.

    Args:
        content_type: the header, with the boundary.
        body: the whole body.

    Raises:
        BadOption: it is no form, is cut off, or has several files or none.
    """
    _, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise BadOption("the form cannot be read (its Content-Type names no boundary)")
    taken = _Fields()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": taken.begin,
                "on_header_field": taken.header_name,
                "on_header_value": taken.header_value,
                "on_header_end": taken.header_end,
                "on_part_data": taken.data,
                "on_part_end": taken.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise BadOption(f"the form cannot be read ({error})", expected="one file, the photo") from error
    files = [(one, one.file_name) for one in taken.fields if one.file_name is not None]
    if len(files) != 1:
        raise BadOption(f"the form has {len(files)} files", expected="one, the photo")
    [(file, name)] = files
    if not file.is_whole:
        raise BadOption("the form is cut off", expected="a boundary at its end", remedy="Send it again")
    return bytes(file.data), name or "photo"
