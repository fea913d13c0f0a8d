"""One label file on its way to label maps: it is read and parsed once, by whoever asks first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from xml.etree import ElementTree

from partly.data.label_formats.fillings import Fill
from partly.data.label_formats.json_labels import object_in, parsed_json
from partly.data.label_formats.label_text import parsed_text
from partly.data.label_formats.label_xml import parsed_xml
from partly.data.label_formats.picture_sizes import SizeOf
from partly.data.labels.label_bytes import read_label_file
from partly.data.labels.part_sets import PartSet
from partly.data.labels.telling import Tell, tell_nobody

Parsed = TypeVar("Parsed")


@dataclass(eq=False)
class LabelFile:
    """A file that may hold labels.

    What it holds is kept once it is parsed, since a format is recognised by it, and then read from it. All
    ways to ask raise BadLabel where the file is missing, or is not of that kind.

    Attributes:
        path: where it is.
        root: the folder that was given, or the file's own; names of pictures are relative to it.
    """

    path: Path
    root: Path
    _value: Any = field(default=None, repr=False)
    _note: str | None = field(default=None, repr=False)

    @property
    def suffix(self) -> str:
        """In lower case, with its dot."""
        return self.path.suffix.lower()

    @property
    def name(self) -> str:
        """Its place under the root, with forward slashes."""
        return self.path.relative_to(self.root).as_posix().replace("\\", "/")

    @property
    def folder(self) -> PurePosixPath:
        """Its folder under the root."""
        return PurePosixPath(self.path.parent.relative_to(self.root).as_posix())

    def data(self) -> bytes:
        """Its bytes."""
        return read_label_file(self.path)

    def json(self, tell: Tell = tell_nobody) -> Any:
        """Its JSON value; ``tell`` is told of a guessed encoding."""
        return self._parsed(parsed_json, tell)

    def json_object(self, tell: Tell = tell_nobody) -> dict[str, Any]:
        """Its JSON object."""
        return object_in(self.json(tell), self.path)

    def text(self, tell: Tell = tell_nobody) -> str:
        """Its text; ``tell`` is told of a guessed encoding."""
        return self._parsed(parsed_text, tell)

    def xml(self) -> ElementTree.Element:
        """The root element of its XML, which has no DOCTYPE."""
        return self._parsed(lambda data, path: (parsed_xml(data, path), None), tell_nobody)

    def forget(self) -> None:
        """Free the memory of what was parsed; it is parsed again if somebody asks."""
        self._value = self._note = None

    def _parsed(self, parse: Callable[[bytes, Path], tuple[Parsed, str | None]], tell: Tell) -> Parsed:
        if self._value is None:
            self._value, self._note = parse(self.data(), self.path)
        if self._note:
            tell(self._note)
        return self._value


@dataclass(frozen=True)
class Reading:
    """What readers are given besides files.

    Attributes:
        path: the file or folder that was given, which errors about all of it name.
        part_set: the parts that labels name.
        fill: what pixels are that no shape covers.
        size_of: knows the sizes of pictures, for files that do not say them.
        tell: is told of what is passed over, and of what was guessed.
    """

    path: Path
    part_set: PartSet
    fill: Fill
    size_of: SizeOf
    tell: Tell
