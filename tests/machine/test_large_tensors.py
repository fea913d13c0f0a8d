"""Memory of large tensors: kept where glibc is, and nothing happens elsewhere."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from partly.cli import command_line
from partly.machine import large_tensors
from partly.machine.large_tensors import keep_large_tensors


class FakeLibrary:
    """A C library that takes thresholds up to a limit."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[tuple[int, int]] = []

    def mallopt(self, option: int, n_bytes: int) -> int:
        self.asked.append((option, n_bytes))
        return int(n_bytes <= self.most or option == -1)


def on(monkeypatch: pytest.MonkeyPatch, library: object, name: str = "glibc") -> None:
    monkeypatch.setattr(large_tensors.platform, "libc_ver", lambda: (name, "2.36"))
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)


def test_both_thresholds_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(1 << 31)
    on(monkeypatch, library)
    assert keep_large_tensors()
    assert library.asked == [(-3, 1 << 30), (-1, (1 << 31) - 1)]


def test_an_older_glibc_takes_less(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(32 << 20)
    on(monkeypatch, library)
    assert keep_large_tensors()
    assert library.asked == [(-3, 1 << 30), (-3, 32 << 20), (-1, (1 << 31) - 1)]


def test_thresholds_that_are_refused_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(0)
    on(monkeypatch, library)
    assert not keep_large_tensors()
    assert all(option == -3 for option, _ in library.asked)


@pytest.mark.parametrize("name", ["musl", ""])
def test_other_libraries_are_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(1 << 31)
    on(monkeypatch, library, name)
    assert not keep_large_tensors()
    assert library.asked == []


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(1 << 31)
    on(monkeypatch, library)
    monkeypatch.setenv("PARTLY_KEEP_MEMORY", "0")
    assert not keep_large_tensors()
    assert library.asked == []


def test_a_library_without_mallopt(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, object())
    assert not keep_large_tensors()


def test_a_process_without_a_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: str | None) -> object:
        raise OSError("no library")

    on(monkeypatch, object())
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert not keep_large_tensors()


def test_torch_is_not_imported() -> None:
    code = "import sys, partly.machine.large_tensors; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(large_tensors.platform.libc_ver()[0] != "glibc", reason="there is no glibc here")
def test_freed_memory_is_used_again() -> None:
    code = (
        "import resource\n"
        "from partly.machine.large_tensors import keep_large_tensors\n"
        "kept = keep_large_tensors()\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "before = faults()\n"
        "for _ in range(20): bytearray(b'x') * (64 << 20)\n"
        "print(kept, faults() - before)"
    )
    found = {}
    for variable in ("1", "0"):
        told = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**large_tensors.os.environ, "PARTLY_KEEP_MEMORY": variable},
        ).stdout.split()
        found[told[0]] = int(told[1])
    assert found["True"] * 4 < found["False"]


@pytest.mark.parametrize(("verb", "is_kept"), [("fit", True), ("train", True), ("segment", False)])
def test_verbs_keep_it_where_that_helps(verb: str, is_kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(command_line, "keep_large_tensors", lambda: told.append(True))
    assert command_line.run([verb, "--help"]) == 0
    assert bool(told) is is_kept
