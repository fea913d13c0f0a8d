"""JSON and TOML that somebody else wrote."""

from __future__ import annotations

import pytest

from partly.storage.parsed_text import parsed_json, parsed_toml

DEEP = 100_000


def test_values_are_read():
    assert parsed_json(b'{"a": [1]}') == {"a": [1]}
    assert parsed_toml("a = [1]") == {"a": [1]}


@pytest.mark.parametrize("text", ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP, b"[" * DEEP])
def test_json_that_is_nested_without_end_is_a_value_error(text):
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed_json(text)


def test_toml_that_is_nested_without_end_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed_toml("a = " + "[" * DEEP)
