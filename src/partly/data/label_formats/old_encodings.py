"""JSON in an encoding other than UTF-8: LabelMe before 4.5 wrote in that of the machine.

Nothing in such a file names its encoding, so it is guessed: the first, in the order below, in which the file
is JSON and its letters look like the language's. A wrong guess changes names only, and a name that is no
part's or no picture's is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


class _Encoding(NamedTuple):
    """An encoding, and whether runs of letters beyond ASCII look like text of a language that used it."""

    name: str
    looks_right: Callable[[Sequence[str]], bool]


def json_in_old_encoding(data: bytes) -> tuple[Any, str] | None:
    """The value of JSON that is not in UTF-8, and the encoding that was guessed; None: it is no JSON."""
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding.name)
            if encoding.looks_right(_BEYOND_ASCII.findall(text)):
                return json.loads(text), encoding.name
        except (ValueError, RecursionError):
            continue
    return None


def _is_japanese(runs: Sequence[str]) -> bool:
    text = "".join(runs)
    known = re.fullmatch(r"[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff9f]+", text)
    return bool(known and re.search(r"[\u3041-\u30fa]", text))


def _is_chinese(runs: Sequence[str]) -> bool:
    # GB2312 has its 3755 commonest characters first, below the byte D8: text is mostly made of these.
    try:
        codes = "".join(runs).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return 4 * sum(0xB0 <= code < 0xD8 for code in codes[::2]) >= len(codes)


def _is_russian(runs: Sequence[str]) -> bool:
    return bool(re.fullmatch(r"[А-яЁё«»№—]+", "".join(runs))) and _mean_length(runs) >= 2.5


def _is_western(runs: Sequence[str]) -> bool:
    # Letters with accents stand between letters without.
    known = re.fullmatch(r"[À-ÖØ-öø-ÿŒœŠšŽžŸ§°²³´·«»‘’“”„–—…ªº¡¿]+", "".join(runs))
    return bool(known) and _mean_length(runs) < 2.5


def _is_anything(runs: Sequence[str]) -> bool:
    del runs
    return True


def _mean_length(runs: Sequence[str]) -> float:
    return len("".join(runs)) / max(1, len(runs))


_ENCODINGS = (
    _Encoding("cp932", _is_japanese),
    _Encoding("gb18030", _is_chinese),
    _Encoding("cp1251", _is_russian),
    _Encoding("cp1252", _is_western),
    _Encoding("gb18030", _is_anything),
    _Encoding("cp949", _is_anything),
    _Encoding("big5", _is_anything),
    _Encoding("latin-1", _is_anything),
)
