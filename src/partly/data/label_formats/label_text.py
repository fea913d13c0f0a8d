"""Label files that are plain text."""

from __future__ import annotations

from pathlib import Path

from partly.data.label_formats.old_encodings import text_in_old_encoding
from partly.errors import BadLabel
from partly.storage import decoded


def parsed_text(data: bytes, path: Path) -> tuple[str, str | None]:
    """The text of a file, and a sentence where its encoding was guessed.

    Raises:
        BadLabel: it is no text.
    """
    try:
        text, note = decoded(data), None
    except UnicodeDecodeError as error:
        found = text_in_old_encoding(data)
        if found is None:
            raise BadLabel("is no text", expected="text in UTF-8", path=path) from error
        text, note = found[0], guessed(path, found[1])
    if "\0" in text:
        raise BadLabel("is no text", expected="text in UTF-8", path=path)
    return text, note


def guessed(path: Path, encoding: str) -> str:
    """What is told of a file whose encoding was guessed."""
    return (
        f"{path}: is not in UTF-8, and was read as {encoding}; if names are wrong, convert it to UTF-8 "
        f"(iconv -f {encoding} -t utf-8)"
    )
