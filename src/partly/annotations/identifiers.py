"""Ids of annotations, which are file names."""

from __future__ import annotations

import re

from partly.errors import BadLabel

_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")
_RESERVED_ON_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def check_annotation_id(annotation_id: str) -> None:
    """Check that an id is safe as a file name on every system.

    Raises:
        BadLabel: it is not.
    """
    if not _ID.fullmatch(annotation_id) or _RESERVED_ON_WINDOWS.fullmatch(annotation_id):
        raise BadLabel(
            f"{annotation_id!r} is no safe annotation id",
            expected="1 to 100 letters a to z, digits, '_', '-' and '.', no '.' at the ends, no device name",
            remedy=f"Try {annotation_id_from(annotation_id)!r}",
        )


def annotation_id_from(name: str) -> str:
    """A safe id made from any text, such as a photo's name; the same text gives the same id."""
    text = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:99].rstrip("-") or "annotation"
    return f"{text}_" if _RESERVED_ON_WINDOWS.fullmatch(text) else text
