"""Names of pictures as programs decorate them: with digits in front, as Label Studio, or words behind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

# Roboflow: cat_jpg.rf.0123456789abcdef.jpg
_BEHIND = re.compile(r"_(jpe?g|png|webp|bmp|tiff?)\.rf\.[0-9A-Za-z]+$")
_IN_FRONT = re.compile(r"^[0-9a-f]{8}-")
# What Partly itself appends to the id of another picture of the same number.
_ANOTHER_PICTURE = r"-(?:t?[0-9]+|[0-9a-f]{8})(?![0-9A-Za-z])"
_FEWEST_LETTERS = 4


def plain_names(name: str) -> list[str]:
    """Names that a program may have decorated or written as a web address to this one; itself comes first."""
    names = [name, unquote(name).replace("\\", "/")]
    bare = PurePosixPath(names[1]).stem
    names += [_IN_FRONT.sub("", bare), _BEHIND.sub("", bare), _BEHIND.sub("", _IN_FRONT.sub("", bare))]
    return list(dict.fromkeys(names))


def names_inside(name: str, known: Iterable[str]) -> list[str]:
    """The known names that a decorated one contains as whole words; the longer where one contains another.

    Upper and lower case are one. Names of under four characters, or without a letter, are too common to be
    found in others.
    """
    bare = unquote(name).lower()
    found = [
        one
        for one in set(known)
        if one.lower() in bare
        and len(one) >= _FEWEST_LETTERS
        and any(map(str.isalpha, one))
        and re.search(rf"(?<![0-9A-Za-z]){re.escape(one.lower())}(?![0-9A-Za-z])(?!{_ANOTHER_PICTURE})", bare)
    ]
    return sorted(one for one in found if not any(one != other and one in other for other in found))
