from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from partly.storage.scratch_folders import scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def made_long_ago(folder: Path) -> None:
    then = time.time() - 100
    os.utime(folder, (then, then), follow_symlinks=False)


def test_a_scratch_folder_is_empty_and_then_gone(temporary: Path) -> None:
    with scratch_folder("tar") as folder:
        assert list(folder.iterdir()) == []
        (folder / "a").touch()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_else(temporary: Path) -> None:
    left, young = temporary / "partly-tar-left", temporary / "partly-tar-young"
    for folder in (left, young, temporary / "partly-other", temporary / "mine"):
        (folder / "files").mkdir(parents=True)
    for folder in (left, temporary / "partly-other", temporary / "mine"):
        made_long_ago(folder)
    (temporary / "partly-tar-link").symlink_to(temporary / "mine")
    (temporary / "partly-tar-file").touch()
    made_long_ago(temporary / "partly-tar-link")
    made_long_ago(temporary / "partly-tar-file")
    with scratch_folder("tar") as one:
        made_long_ago(one.parent)
        with scratch_folder("tar"):
            # The first is in use.
            assert one.is_dir()
    assert sorted(path.name for path in temporary.iterdir()) == [
        "mine",
        "partly-other",
        "partly-tar-file",
        "partly-tar-link",
        "partly-tar-young",
    ]
    assert (temporary / "mine" / "files").is_dir()
