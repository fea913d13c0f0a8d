from __future__ import annotations

import errno
import multiprocessing
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from partly.errors import BadOption, NotAvailable, PartlyError
from partly.machine import ray_executor
from partly.machine.executors import Executor, Here
from partly.machine.process_executor import READY, Processes, serve
from partly.machine.ray_driver import PieceActor, Told
from partly.machine.shares import Share
from partly.machine.work_options import SpreadOptions, WorkOptions
from partly.machine.worker_failures import Failure
from tests.machine.works import Clear, Fail, Large, Meet, Write

PIECES = ["one", "two", "three", "four", "five"]


def run(executor: Executor, work: Any, pieces: Any = PIECES) -> tuple[list[str], dict[str, str]]:
    """The pieces as they were done, and the news of each."""
    news: dict[str, str] = {}

    def take(piece: str, letter: str) -> None:
        news[piece] = news.get(piece, "") + letter

    return list(executor.run(work, pieces, take)), news


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.suffix}


@pytest.mark.parametrize("executor", [Here(), pytest.param(Processes(2), marks=pytest.mark.slow)])
def test_each_piece_is_done_once(executor: Executor, tmp_path: Path) -> None:
    done, news = run(executor, Write(tmp_path))
    assert sorted(done) == sorted(PIECES)
    assert news == {piece: piece for piece in PIECES}
    assert files(tmp_path) == {piece: f"{piece}\n" for piece in PIECES}
    assert run(executor, Write(tmp_path), []) == ([], {})


@pytest.mark.slow
def test_a_piece_whose_worker_dies_is_done_anew(tmp_path: Path) -> None:
    done, news = run(Processes(2), Write(tmp_path, killed_once=("two", "five")))
    assert sorted(done) == sorted(PIECES)
    assert files(tmp_path) == {piece: f"{piece}\n" for piece in PIECES}
    assert news == {piece: piece for piece in PIECES} | {"two": "twotwo", "five": "fivefive"}


@pytest.mark.slow
def test_a_piece_that_kills_two_workers_is_named(tmp_path: Path) -> None:
    text = r"^workers died 2 times at the same piece: two \(exit code -9\)\. Run the same command again, with"
    with pytest.raises(PartlyError, match=text):
        run(Processes(2), Write(tmp_path, killed_always=("two",)))


@pytest.mark.slow
def test_processes_take_pieces_as_they_are_free_and_end_with_the_call(tmp_path: Path) -> None:
    taken = []

    def pieces() -> Iterator[str]:
        for piece in PIECES:
            taken.append(piece)
            yield piece

    running = Processes(1).run(Write(tmp_path, takes_s=0.01), pieces())
    assert next(running) == "one"
    assert taken == ["one", "two"]
    running.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()
    assert "three" not in files(tmp_path)


@pytest.mark.slow
def test_an_error_of_a_process_is_raised_here() -> None:
    with pytest.raises(NotAvailable, match=r"^the network is gone\. Get it again\.$"):
        run(Processes(2), Fail("mendable"))


@pytest.mark.slow
def test_an_error_of_a_process_that_never_took_its_large_piece() -> None:
    with pytest.raises(NotAvailable, match=r"^the network is gone\. Get it again\.$"):
        run(Processes(2), Fail("mendable"), [Large("one"), Large("two")])


@pytest.mark.slow
def test_processes_begin_at_once(tmp_path: Path) -> None:
    pieces = [Large("one"), Large("two")]
    assert {str(piece) for piece in Processes(2).run(Meet(tmp_path, 2), pieces)} == {"one", "two"}


@pytest.mark.slow
def test_processes_that_are_ended_clear_away_what_they_have_half_made(tmp_path: Path) -> None:
    seen: list[bool] = []

    def stop(piece: str, news: str) -> None:
        seen.append((tmp_path / piece).exists())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Processes(1).run(Clear(tmp_path), ["half"], stop))
    assert seen == [True]
    assert list(tmp_path.iterdir()) == []


class Pieces:
    """A pipe's other end, from which pieces come, and nothing when they are all taken."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = [pickle.dumps(piece) for piece in pieces]
        self.told: list[Any] = []
        self.is_closed = False

    def recv_bytes(self) -> bytes:
        if not self._pieces:
            raise EOFError
        return self._pieces.pop(0)

    def send(self, message: Any) -> None:
        if self.is_closed:
            raise BrokenPipeError
        self.told.append(message)


def test_what_a_process_tells(tmp_path: Path) -> None:
    pipe = Pieces(["on", "a"])
    serve(Write(tmp_path), pipe)  # type: ignore[arg-type]
    assert [getattr(message, "value", message) for message in pipe.told] == [
        READY,
        "o",
        "n",
        None,
        "a",
        None,
    ]


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("mendable", NotAvailable, "the network is gone. Get it again."),
        ("full", OSError, f"[Errno {errno.ENOSPC}] No space left on device: 'file'"),
        ("broken", RuntimeError, "a worker failed: ValueError: out of luck"),
    ],
)
def test_what_a_process_tells_of_its_errors(how: str, error: type[Exception], text: str) -> None:
    pipe = Pieces(["one"])
    serve(Fail(how), pipe)  # type: ignore[arg-type]
    (failure,) = pipe.told
    assert failure.text == text
    with pytest.raises(error):
        pickle.loads(pickle.dumps(failure)).raise_again()


def test_a_process_ends_when_nobody_listens(tmp_path: Path) -> None:
    pipe = Pieces(["one", "two"])
    pipe.is_closed = True
    with pytest.raises(SystemExit):
        serve(Write(tmp_path), pipe)  # type: ignore[arg-type]
    assert not files(tmp_path)


def test_what_an_actor_of_ray_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    actor = PieceActor(pickle.dumps(Write(tmp_path)), str(tmp_path))
    row = {"number": [7], "piece": [pickle.dumps("two")]}
    assert pickle.loads(actor(row)["told"][0]) == Told(7, ["t", "w", "o"])
    assert files(tmp_path) == {"two": "two\n"}
    broken = PieceActor(pickle.dumps(Fail("broken")), str(tmp_path / "not there"))
    assert pickle.loads(broken(row)["told"][0]) == Failure(None, "a worker failed: ValueError: out of luck")


def test_shares_have_every_piece_once() -> None:
    assert Share.parse("3/16") == Share(3, 16)
    assert str(Share(3, 16)) == "3/16"
    assert [number for number in range(40) if Share(3, 16).has(number)] == [2, 18, 34]
    owners = [sum(Share(k, 7).has(number) for k in range(1, 8)) for number in range(30)]
    assert owners == [1] * 30
    assert Share().is_all
    assert all(Share().has(number) for number in range(5))


@pytest.mark.parametrize(
    "text", ["0/4", "5/4", "x", "3", "3/", "/4", "-1/4", "1/0", "1/4/2", "1.5/4", "²/4", ""]
)
def test_shares_that_there_are_not(text: str) -> None:
    expected = f"the share {text!r}; expected K/N, with K from 1 to N: --share 3/16 is the third of sixteen."
    with pytest.raises(BadOption) as caught:
        SpreadOptions(share=text)
    assert str(caught.value) == expected


def test_who_is_asked_for() -> None:
    assert WorkOptions().is_plain
    assert isinstance(WorkOptions().executor(), Here)
    assert WorkOptions().executor(3) == Processes(3)
    assert WorkOptions(n_workers=2).executor(3) == Processes(2)
    assert isinstance(WorkOptions(n_workers=1).executor(3), Here)
    share = WorkOptions(share="2/3")
    assert (share.is_plain, share.the_share) == (False, Share(2, 3))


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_executor, "find_spec", lambda name: None)
    with pytest.raises(NotAvailable) as caught:
        WorkOptions(ray="auto").executor()
    assert str(caught.value) == (
        "Ray is not installed. Install it: pip install 'partly[ray]', or give --workers or --share without "
        "--ray."
    )


@pytest.fixture
def ray_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_executor, "find_spec", lambda name: name)


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize(
    "address", ["nowhere", "host:port", ":6379", "ray://host:10001", "host:0", "host:70000"]
)
def test_addresses_that_are_none(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"of Ray; expected host:port, such as 10\.0\.0\.1:6379; or auto, or"):
        run(WorkOptions(ray=address).executor(), Write(tmp_path))


@pytest.mark.usefixtures("ray_installed")
def test_an_address_where_nobody_is(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(NotAvailable) as caught:
            run(WorkOptions(ray=address).executor(), Write(tmp_path))
    assert str(caught.value) == (
        f"no cluster of Ray answers at {address} (Connection refused). Begin one: ray start --head --port "
        "6379, and ray start --address HOST:6379 on other machines; or give --ray local."
    )


@pytest.mark.usefixtures("ray_installed")
def test_an_address_that_answers_and_is_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_executor, "_JOINS_WITHIN_S", 0.1)
    monkeypatch.setattr(ray_executor, "drive", silent)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NotAvailable, match="what is there does not answer as Ray does"):
            run(WorkOptions(ray=address).executor(), Write(tmp_path))


def silent(*arguments: Any) -> None:
    """What stands for a process that waits for a cluster in vain."""
    threading.Event().wait(30)
