from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from partly.storage.files import (
    atomic_path,
    cache_folder,
    remove_leftovers,
    sha256_of,
    write_json,
    write_text,
)


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(OSError, match="disk full"):
        _write_half(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def _write_half(target: Path) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text("half of the n")
        raise OSError("disk full")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "写" * 85], ids=["x", "e", "ideographs"])
def test_names_as_long_as_the_disk_can_hold(name: str, tmp_path: Path) -> None:
    with atomic_path(tmp_path / name) as temporary:
        assert temporary.name.startswith(f".{name[:30]}.")
        temporary.write_bytes(b"new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_written_files_have_the_rights_of_ordinary_ones(tmp_path: Path) -> None:
    write_text(tmp_path / "made", "x")
    (tmp_path / "ordinary").write_text("x")
    modes = [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("made", "ordinary")]
    assert modes[0] == modes[1]


def test_folders_are_made(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b.json", {"é": [1]})
    assert (tmp_path / "a" / "b.json").read_text() == '{\n "é": [\n  1\n ]\n}\n'


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea")


def test_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PARTLY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "partly"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "partly"
    monkeypatch.setenv("PARTLY_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_old_leftovers_go_and_young_ones_stay(tmp_path):
    old, young, other = tmp_path / "a" / ".model.x.part", tmp_path / ".model.y.part", tmp_path / "z.part"
    old.parent.mkdir()
    for path in (old, young, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (time.time() - 4000,) * 2)
    remove_leftovers(tmp_path)
    assert not old.exists()
    assert young.exists()
    assert other.exists()
