"""Names of files that every file system takes, and which are nobody's work."""

from __future__ import annotations

import pytest

from partly.storage.file_names import is_hidden, safe_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("left eye", "left eye"),
        ("a_b-c.(1)", "a_b-c.(1)"),
        ("Flügel", "Flügel"),
        ("眼", "眼"),
        ("u\u0308", "ü"),  # the composed form
        ("a/b\\c:d*e?", "a_b_c_d_e_"),
        ("a+b#c%", "a_b_c_"),
        ("..", "__"),
        (".hidden", "_hidden"),
        ("dots..", "dots__"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console", "console"),
        ("🐎", "_"),
    ],
)
def test_names_that_every_file_system_takes(text: str, name: str) -> None:
    assert safe_names([text]) == (name,)


def test_names_differ_by_more_than_case() -> None:
    assert safe_names(["Eye", "eye", "a/b", "a_b", "EYE"]) == ("Eye", "eye~2", "a_b", "a_b~2", "EYE~3")
    # "~" itself is in no name, so that a number is never met by chance.
    assert safe_names(["a", "a~2", "A"]) == ("a", "a_2", "A~2")


@pytest.mark.parametrize("letter", ["x", "é", "写"])
def test_long_names_are_cut_between_letters(letter: str) -> None:
    first, second = safe_names([letter * 300, letter * 301])
    assert set(first) == {letter}
    assert 97 <= len(first.encode()) <= 100
    assert second == f"{first}~2"


def test_what_is_hidden() -> None:
    assert all(map(is_hidden, (".a.png", "__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information")))
    assert not any(map(is_hidden, ("a.png", "_a", "MACOSX", "~a")))
