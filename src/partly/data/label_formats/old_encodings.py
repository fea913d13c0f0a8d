"""JSON and text in an encoding other than UTF-8: LabelMe before 4.5 wrote in that of the machine.

Nothing in such a file names its encoding, so it is guessed: the first, in the order below, in which the file
is JSON and its letters look like the language's. A wrong guess changes names only, and a name that is no
part's or no picture's is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

Parsed = TypeVar("Parsed")

_ENOUGH = 6
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


class _Encoding(NamedTuple):
    """An encoding, and whether runs of letters beyond ASCII look like text of a language that used it."""

    name: str
    looks_right: Callable[[Sequence[str]], bool]


def json_in_old_encoding(data: bytes) -> tuple[Any, str] | None:
    """The value of JSON that is not in UTF-8, and the encoding that was guessed; None: it is no JSON."""
    return _decoded(data, json.loads)


def text_in_old_encoding(data: bytes) -> tuple[str, str] | None:
    """A text that is not in UTF-8, and the encoding that was guessed; None: it is no text."""
    return _decoded(data, lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(data: bytes, parse: Callable[[str], Parsed]) -> tuple[Parsed, str] | None:
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding.name)
            if encoding.looks_right(_BEYOND_ASCII.findall(text)):
                return parse(text), encoding.name
        except (ValueError, RecursionError):
            continue
    return None


def _is_japanese(runs: Sequence[str]) -> bool:
    text = "".join(runs)
    known = re.fullmatch(r"[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff9f]+", text)
    return bool(known and re.search(r"[\u3041-\u30fa]", text))


def _is_korean(runs: Sequence[str]) -> bool:
    # Hangul has the rows of which simplified Chinese uses about two thirds: a few letters say nothing.
    codes = _encoded(runs, "euc-kr")[::2]
    return len(codes) >= _ENOUGH and all(0xB0 <= code <= 0xC8 for code in codes)


def _is_chinese(runs: Sequence[str]) -> bool:
    # GB2312 has its 3755 commonest characters first, below the byte D8: text is mostly made of these.
    codes = _encoded(runs, "gb2312")[::2]
    return 2 * sum(0xB0 <= code < 0xD8 for code in codes) >= len(codes) > 0


def _is_traditional(runs: Sequence[str]) -> bool:
    # So has Big5, below C7.
    codes = _encoded(runs, "big5")[::2]
    return 2 * sum(0xA4 <= code < 0xC7 for code in codes) >= len(codes) > 0


def _is_russian(runs: Sequence[str]) -> bool:
    return bool(re.fullmatch(r"[А-яЁё«»№—]+", "".join(runs))) and _mean_length(runs) >= 2.5


def _is_western(runs: Sequence[str]) -> bool:
    # Letters with accents stand between letters without.
    known = re.fullmatch(r"[À-ÖØ-öø-ÿŒœŠšŽžŸ§°²³´·«»‘’“”„–—…ªº¡¿]+", "".join(runs))
    return bool(known) and _mean_length(runs) < 2.5


def _is_printable(runs: Sequence[str]) -> bool:
    return all(map(str.isprintable, runs))


def _encoded(runs: Sequence[str], encoding: str) -> bytes:
    """The bytes of letters, two for each; none where the encoding lacks one."""
    try:
        return "".join(runs).encode(encoding)
    except UnicodeEncodeError:
        return b""


def _mean_length(runs: Sequence[str]) -> float:
    return len("".join(runs)) / max(1, len(runs))


_ENCODINGS = (
    _Encoding("cp932", _is_japanese),
    _Encoding("cp949", _is_korean),
    _Encoding("gb18030", _is_chinese),
    _Encoding("cp1251", _is_russian),
    _Encoding("cp1252", _is_western),
    _Encoding("big5", _is_traditional),
    _Encoding("gb18030", _is_printable),
    _Encoding("big5", _is_printable),
    _Encoding("latin-1", _is_printable),
)
