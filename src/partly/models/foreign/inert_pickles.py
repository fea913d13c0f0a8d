"""Pickles read without running them: every call that a file asks for becomes a record of that call.

A pickle is a program that may call anything it can name (https://docs.python.org/3/library/pickle.html,
"Restricting Globals"). Here it may name what stands in :mod:`partly.models.foreign.inert_names` and nothing
else, and even that is not called: dictionaries and sets are made, all else is written down, for others to
interpret.
"""

from __future__ import annotations

import pickle
import re
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from partly.errors import BadModelFile
from partly.models.foreign.inert_names import DICTIONARIES, RECORDED, python3_name

DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    RecursionError,
)
"""What reading a damaged file raises."""
_TENSORFLOW = "dnnlib.tflib.network.Network"
_LATIN_1 = ("latin1", "latin-1", "iso-8859-1")
# No data ever needs these: a file that asks for them was made to do something.
_DOES_THINGS = re.compile(
    r"(os|posix|nt|sys|subprocess|shutil|socket|importlib|runpy|pty|ctypes|webbrowser|code|codecs|pickle|"
    r"operator|functools|builtins\.(eval|exec|compile|getattr|setattr|open|__import__|globals))(\.|$)"
)


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

    def append(self, item: Any) -> None:
        """Leave aside what a list or queue was to hold."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Leave aside what a mapping was to hold."""


class PlainDict(dict[Any, Any]):
    """Stands in for kinds of dictionaries; attributes that a file sets on it are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        pass


class _PlainDefaultDict(PlainDict):
    """Stands in for ``defaultdict``, whose first argument says what missing values are."""

    __slots__ = ()

    def __init__(self, factory: Any = None, items: Any = ()) -> None:  # noqa: ARG002
        super().__init__(items)


def _bytes_of(text: Any = "", encoding: Any = "latin1", *_: Any) -> bytes:
    """Bytes as protocols 0 to 2 have them: as a text whose characters are their numbers."""
    if not isinstance(text, str) or encoding not in _LATIN_1:
        raise ValueError("bytes are written in an unknown way")
    return text.encode("latin-1")


def _object_of(kind: Any, _base: Any = None, content: Any = None) -> Any:
    """An object as protocols 0 and 1 have it: its class, a class that it is built on, and its content."""
    made = kind()
    if isinstance(made, PlainDict) and isinstance(content, dict):
        made.update(content)
    return made


_MADE: dict[str, Any] = {
    **dict.fromkeys(DICTIONARIES, PlainDict),
    "collections.defaultdict": _PlainDefaultDict,
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    "builtins.bytes": _bytes_of,
    "_codecs.encode": _bytes_of,
    "copyreg._reconstructor": _object_of,
}


class InertUnpickler(pickle.Unpickler):
    """Answers every name with something that does nothing, or refuses it.

    Args:
        file: the pickle.
        path: the file that errors name.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        # Texts of Python 2 are bytes, whose characters stay their numbers so.
        super().__init__(file, encoding="latin-1")
        self.path = path

    def find_class(self, module: str, name: str, /) -> Any:
        """Stand-in for ``module.name``."""
        full_name = python3_name(module, name)
        if full_name in _MADE:
            return _MADE[full_name]
        if full_name in RECORDED:
            return _recorder(full_name)
        raise refused(full_name, self.path)


@cache
def _recorder(full_name: str) -> type[Record]:
    """What stands in for a name: to call it, or to make one of it, writes that down.

    A class, since pickles make objects of classes only.
    """

    def written_down(kind: Any, *args: Any, **_: Any) -> Record:
        made: Record = object.__new__(kind)
        Record.__init__(made, full_name, *args)
        return made

    def nothing(*_: Any, **__: Any) -> None:
        pass

    members = {"__slots__": (), "__new__": written_down, "__init__": nothing, "full_name": full_name}
    return type("Recorded", (Record,), members)


def read_inert(path: Path) -> Any:
    """What a pickle holds: plain values, containers and :class:`Record`.

    Raises:
        BadModelFile: it names anything else than what checkpoints need, or is no whole pickle.
    """
    with path.open("rb") as file:
        try:
            return InertUnpickler(file, path).load()
        except DAMAGED as error:
            raise damaged(error, path) from error


def refused(name: str, path: Path) -> BadModelFile:
    """The error of a file that names what no checkpoint needs."""
    if name == _TENSORFLOW:
        remedy = (
            "It is a pickle of the TensorFlow version, which Partly does not read: take the pickle of the "
            "PyTorch version, which NVIDIA publishes of all its networks"
        )
    elif _DOES_THINGS.match(name):
        remedy = "Do not open it in other programs unless you trust where it comes from"
    else:
        remedy = (
            "It may be harmless, an object that a training kept beside the weights, but Partly makes no "
            "objects of other programs: ask whoever wrote the file for the weights alone"
        )
    return BadModelFile(
        f"asks for {name}; it was refused, and nothing of the file was run",
        expected="tensors, numbers and plain containers only",
        remedy=remedy,
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
