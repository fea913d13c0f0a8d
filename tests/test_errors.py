from __future__ import annotations

import pytest

from partly.errors import BadOption, BadPhoto, NotAvailable, PartlyError, PartsFailed


def test_text_names_path_found_expected_and_remedy() -> None:
    error = BadPhoto("is empty", expected="an image", remedy="Copy it again", path="a/b.jpg")
    assert str(error) == "a/b.jpg: is empty; expected an image. Copy it again."


def test_text_leaves_out_what_is_not_known() -> None:
    assert str(PartlyError("something is off.")) == "something is off."


@pytest.mark.parametrize(
    ("kind", "code"), [(PartlyError, 1), (BadPhoto, 1), (BadOption, 2), (NotAvailable, 3), (PartsFailed, 4)]
)
def test_exit_codes(kind: type[PartlyError], code: int) -> None:
    assert kind("x").exit_code == code


def test_values_of_any_length_are_shortened() -> None:
    text = str(BadPhoto("has " + "x" * 1_000_000 + " in it", expected="less"))
    assert len(text) < 4000
    assert text.startswith("has xxx")
    assert text.endswith("xxx in it; expected less.")
