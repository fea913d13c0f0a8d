"""What a result depends on: begin, go on, or refuse in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from partly.errors import BadOption
from partly.storage.provenance import Provenance, claim, read_provenance

VALUES = {"size_px": 128, "truncation": {"low": 0.7, "high": 1.0}, "stages": (1, 2), "n_photos_shown": 1000}


def test_nothing_is_there_and_the_values_are_written_as_json_gives_them_back(tmp_path: Path) -> None:
    assert not claim(tmp_path / "new" / "claim.json", Provenance(VALUES))
    assert read_provenance(tmp_path / "new" / "claim.json") == VALUES | {"stages": [1, 2]}


def test_the_same_goes_on_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    claim(path, Provenance(VALUES))
    changed_at = path.stat().st_mtime_ns
    assert claim(path, Provenance(dict(reversed(VALUES.items()))))
    assert path.stat().st_mtime_ns == changed_at


def test_free_values_may_change_and_are_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    free = frozenset({"n_photos_shown", "truncation"})
    claim(path, Provenance(VALUES, free))
    assert claim(path, Provenance(VALUES | {"n_photos_shown": 5, "truncation": {"low": 0.1}}, free))
    held = read_provenance(path)
    assert held is not None
    assert (held["n_photos_shown"], held["truncation"]) == (5, {"low": 0.1})


def test_a_refusal_says_what_differs_and_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    claim(path, Provenance({"size_px": 64, "truncation": {"low": 0.5, "high": 1.0}, "name": "a"}))
    before = path.read_bytes()
    with pytest.raises(BadOption) as refusal:
        claim(path, Provenance(VALUES | {"name": "b"}), what="a training", remedy="Go elsewhere")
    assert str(refusal.value) == (
        f"{tmp_path}: holds a training with size_px 64, not 128, truncation.low 0.5, not 0.7, no stages, "
        "no n_photos_shown, name 'a', not 'b'; expected the same, to go on with it. Go elsewhere."
    )
    assert path.read_bytes() == before


def test_digests_are_shortened_and_long_values_left_out() -> None:
    held = {"photos": "ab" * 32, "part set": ["a" * 30, "b" * 30], "mode": "x", "more": {"deep": True}}
    wanted = {"photos": "cd" * 32, "part set": ["a" * 30, "c" * 30], "mode": None}
    assert Provenance(wanted).differences(held) == [
        "photos abababababab…, not cdcdcdcdcdcd…",
        "another part set",
        "mode 'x', not None",
        "more.deep True, which is not asked for now",
    ]


def test_digests_that_begin_alike_are_another() -> None:
    assert Provenance({"a": "0" * 64}).differences({"a": "0" * 63 + "1"}) == ["another a"]


def test_numbers_are_compared_as_json_holds_them() -> None:
    assert Provenance({"a": (1, 2), "b": {"c": 0.1}}).matches({"a": [1, 2], "b": {"c": 0.1}})
    assert not Provenance({"a": 1}).matches({"a": 2})
    assert not Provenance({"a": None}).matches({})
    assert not Provenance({}).matches(None)


def test_values_that_an_earlier_version_did_not_write_are_assumed(tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    path.write_text('{"size_px": 64}')
    now = Provenance({"size_px": 64, "classes": None}, assumed={"classes": None})
    assert claim(path, now)
    assert read_provenance(path) == {"size_px": 64, "classes": None}
    other = Provenance({"size_px": 64, "classes": "a.csv"}, assumed={"classes": None})
    assert other.differences({"size_px": 64}) == ["classes None, not 'a.csv'"]
    # What is assumed, and asked for no longer, is no difference.
    assert Provenance({"size_px": 64}, assumed={"classes": None}).matches({"size_px": 64})


def test_a_digest_does_not_depend_on_order_or_on_what_is_free() -> None:
    one = Provenance({"a": 1, "b": 2, "c": 3}, frozenset({"c"}))
    assert one.digest == Provenance({"b": 2, "a": 1}).digest
    assert one.digest != Provenance({"a": 1, "b": 3}).digest
    assert one.to_json() == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(("text", "found"), [("{", "is no JSON ("), ("[1]", "is no JSON object")])
def test_a_damaged_claim_is_named(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "claim.json"
    path.write_text(text)
    with pytest.raises(BadOption) as refusal:
        claim(path, Provenance({"a": 1}))
    assert refusal.value.found.startswith(found)
    assert refusal.value.path == path


def test_what_is_no_json_is_a_defect() -> None:
    with pytest.raises(TypeError):
        Provenance({"a": object()}).to_json()
    assert json.dumps(Provenance({"a": 1}).to_json()) == '{"a": 1}'
