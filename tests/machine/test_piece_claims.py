from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from partly.errors import FolderBusy, PartlyError
from partly.machine import piece_claims
from partly.machine.executors import Here
from partly.machine.piece_claims import FOLDER, PieceClaims, run_shared
from tests.machine.works import Write


def test_a_piece_is_one_runs(tmp_path: Path) -> None:
    with PieceClaims(tmp_path) as one, PieceClaims(tmp_path) as two:
        assert one.take("a")
        assert not two.take("a")
        assert not one.take("a")
        assert two.take("b")
        one.release("a")
        assert two.take("a")
    # Nothing stays.
    assert list(tmp_path.iterdir()) == []


def test_who_leaves_lets_go(tmp_path: Path) -> None:
    with PieceClaims(tmp_path) as two:
        with PieceClaims(tmp_path) as one:
            assert one.take("a")
        assert two.take("a")


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_who_must_be_alone(first: bool, second: bool, tmp_path: Path) -> None:
    with PieceClaims(tmp_path, alone=first), pytest.raises(FolderBusy) as caught:
        PieceClaims(tmp_path, alone=second).__enter__()
    assert str(caught.value) == (
        f"{tmp_path}: another command is writing to this folder; expected one command, or several that share "
        "the work: each with --share or --workers. Wait until it is done, stop it, or use another folder."
    )
    with PieceClaims(tmp_path, alone=second):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PartlyError, match=r"file.*: cannot be written \(Not a directory\)\. Choose another"):
        PieceClaims(tmp_path / "file").__enter__()


def test_who_makes_something_else(tmp_path: Path) -> None:
    makes = {"network_sha256": "aa", "view": {"size_px": 64}}
    others = {"network_sha256": "aa", "view": {"size_px": 128}}
    with PieceClaims(tmp_path, depends_on=makes) as one:
        assert one.is_only_one
        with PieceClaims(tmp_path, depends_on=makes) as two:
            assert two.take("a")
            assert not one.is_only_one
        with PieceClaims(tmp_path):
            pass
        with pytest.raises(FolderBusy) as caught:
            PieceClaims(tmp_path, depends_on=others).__enter__()
        assert str(caught.value) == (
            f"{tmp_path}: another command is writing other results to this folder (view.size_px 64, not "
            "128); expected the same network and options as those of the command that is running. Wait until "
            "it is done, stop it, or use another folder."
        )
    with PieceClaims(tmp_path, depends_on=others):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_machine_of_the_same_name_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where no lock reaches: it is free here, and that says nothing.
    alive = run_elsewhere(tmp_path, silent_s=30)
    here = piece_claims._this_machine()
    alive.write_text(json.dumps({"machine": [here[0], "started another time"], "makes": None}))
    then = time.time() - 30
    os.utime(alive, (then, then))
    with PieceClaims(tmp_path) as claims:
        assert not claims.take("a")
        then = time.time() - 61
        os.utime(alive, (then, then))
        assert claims.take("a")
    # Where the system has no such number, the name is what there is.
    monkeypatch.setattr(piece_claims, "_BOOT_ID", tmp_path / "none")
    assert piece_claims._this_machine() == [here[0], ""]


def hold(folder: Path, ready: Event) -> None:
    with PieceClaims(folder) as claims:
        claims.take("a")
        ready.set()
        time.sleep(60)


@pytest.mark.slow
def test_what_a_killed_run_of_this_machine_claimed_is_free_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    with PieceClaims(tmp_path) as claims:
        assert not claims.take("a")
        with pytest.raises(FolderBusy):
            PieceClaims(tmp_path, alone=True).__enter__()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with PieceClaims(tmp_path, alone=True) as claims:
        assert claims.take("a")
    assert list(tmp_path.iterdir()) == []


def run_elsewhere(folder: Path, silent_s: float) -> Path:
    """What a run on another machine leaves, when it was killed so long ago; gives the file of its life."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    alive = place / "elsewhere.sharing.alive"
    alive.write_text("another-host")
    (place / "a.piece").write_text("elsewhere.sharing")
    then = time.time() - silent_s
    os.utime(alive, (then, then))
    return alive


def test_a_run_of_another_machine_lives_as_long_as_it_says_so(tmp_path: Path) -> None:
    alive = run_elsewhere(tmp_path, silent_s=30)
    with PieceClaims(tmp_path) as claims:
        assert not claims.take("a")
        then = time.time() - 61
        os.utime(alive, (then, then))
        assert claims.take("a")
    assert (tmp_path / FOLDER).exists()  # with its file, which the next run removes
    with PieceClaims(tmp_path, alone=True):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_claim_without_a_name(tmp_path: Path) -> None:
    place = tmp_path / FOLDER
    place.mkdir(parents=True)
    claim = place / "a.piece"
    claim.touch()
    with PieceClaims(tmp_path) as claims:
        # Its run may be about to write its name, or died there.
        assert not claims.take("a")
        then = time.time() - 61
        os.utime(claim, (then, then))
        assert claims.take("a")


def test_a_run_says_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_claims, "_BEAT_S", 0.01)
    with PieceClaims(tmp_path):
        (alive,) = (tmp_path / FOLDER).glob("*.alive")
        os.utime(alive, (1, 1))
        deadline = time.monotonic() + 20
        while alive.stat().st_mtime == 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert alive.stat().st_mtime > 1


def test_pieces_of_a_run_that_dies_are_done_by_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    alive = run_elsewhere(out, silent_s=0)
    (out / "done").touch()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if not seconds:  # of the worker
            return
        slept.append(seconds)
        if len(slept) == 2:
            then = time.time() - 61
            os.utime(alive, (then, then))

    monkeypatch.setattr(piece_claims.time, "sleep", sleep)
    news: list[tuple[str, str]] = []
    with PieceClaims(out) as claims:
        made = run_shared(
            Here(),
            Write(out),
            ["a", "b", "done"],
            claims,
            is_done=lambda piece: (out / piece).exists(),
            on_news=lambda piece, letter: news.append((piece, letter)),
        )
        assert list(made) == ["b", "a"]
    assert len(slept) == 2
    assert news == [("b", "b"), ("a", "a")]
    assert (out / "done").read_text() == ""
