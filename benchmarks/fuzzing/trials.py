"""One mutated file after another: how each ended, what it took, and what it touched."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzzing.mutations import mutated
from benchmarks.fuzzing.originals import Original
from benchmarks.fuzzing.targets import Targets, is_named
from benchmarks.process_memory import memory_bytes

MOST_S, MOST_BYTES = 5.0, 1 << 30
_MOST_CHARACTERS = 4000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.chmod": 1,
    "os.truncate": 1,
    "shutil.rmtree": 1,
}
_NEVER = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "ftplib.connect"}


@dataclass(frozen=True)
class Trial:
    """How one file ended.

    Attributes:
        number: which file.
        target, name: what it was made of.
        changes: what was done to it.
        end: "result", "named" or "failed".
        told: the error, or what was wrong.
        time_s: processor time.
        n_bytes: memory beyond what there was before.
    """

    number: int
    target: str
    name: str
    changes: Sequence[str]
    end: str
    told: str
    time_s: float
    n_bytes: int


def file_of(originals: Sequence[Original], seed: int, number: int) -> tuple[Original, bytes, list[str]]:
    """The mutated file of a number: the original, its bytes, and what was changed.

    Kinds take turns, so that those with many originals are not most of the files.
    """
    draws = np.random.default_rng([seed, number])
    targets = sorted({one.target for one in originals})
    several = [one for one in originals if one.target == targets[number % len(targets)]]
    one = several[int(draws.integers(len(several)))]
    data, changes = mutated(one.data, one.kind, draws, [other.data for other in originals[:40]])
    return one, data, changes


def tried(targets: Targets, originals: Sequence[Original], seed: int, number: int, box: Path) -> Trial:
    """Make the file of a number, and see how it ends.

    Args:
        targets: what files are given to.
        originals: the good files.
        seed, number: of the mutation.
        box: a folder; the file gets an empty one in it, and nothing else in it may change.
    """
    original, data, changes = file_of(originals, seed, number)
    folder = box / "case"
    folder.mkdir()
    around = _around(box)
    begins = time.process_time()
    n_before = _reset_peak()
    problems: list[str] = []
    end, told = "result", ""
    with _watched(folder, problems):
        try:
            targets.run(original, data, folder)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            end, told = ("named", str(error)) if is_named(error) else ("failed", traceback.format_exc())
    time_s, n_bytes = time.process_time() - begins, _peak() - n_before
    if _around(box) != around:
        problems.append("files beside its folder changed")
    if time_s > MOST_S:
        problems.append(f"it took {time_s:.1f} s")
    if n_bytes > MOST_BYTES:
        problems.append(f"it took {n_bytes / 2**20:.0f} MiB")
    if end == "named" and len(told) > _MOST_CHARACTERS:
        problems.append(f"its message has {len(told)} characters: {told[:300]}")
    if problems:
        end, told = "failed", "\n".join([*problems, told])
    shutil.rmtree(folder, ignore_errors=True)
    return Trial(number, original.target, original.name, changes, end, told, round(time_s, 3), n_bytes)


_watching: list[tuple[Path, list[str]]] = []
_is_hooked = False


def _hook() -> None:
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(_audit)
        _is_hooked = True


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes what is written or changed outside of the folder of the file."""
    if not _watching:
        return
    folder, problems = _watching[-1]
    if event in _NEVER:
        problems.append(f"{event} {arguments[:2]!r}")
        return
    paths: Sequence[Any] = ()
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        paths = arguments[:1]
    elif event in _CHANGES:
        paths = arguments[: _CHANGES[event]]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            # Links are resolved: the folder is named without any.
            absolute = os.path.realpath(os.fsdecode(path))
            if not absolute.startswith((str(folder), "/dev/null")) and "__pycache__" not in absolute:
                problems.append(f"{event} {absolute}")


@contextmanager
def _watched(folder: Path, problems: list[str]) -> Iterator[None]:
    """What is written elsewhere, and what is said beside errors."""
    _hook()
    text = StringIO()
    with warnings.catch_warnings(record=True) as told, redirect_stderr(text), _raw_errors(problems):
        warnings.simplefilter("always")
        _watching.append((Path(os.path.realpath(folder)), problems))
        try:
            yield
        finally:
            _watching.pop()
    problems += [f"a warning: {one.category.__name__}: {one.message}" for one in told]
    if text.getvalue():
        problems.append(f"on standard error: {text.getvalue()[:500]}")


@contextmanager
def _raw_errors(problems: list[str]) -> Iterator[None]:
    """What libraries write past Python to standard output and standard error."""
    sys.stdout.flush()
    kept, file = {number: os.dup(number) for number in (1, 2)}, os.memfd_create("said")
    for number in kept:
        os.dup2(file, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        for number, before in kept.items():
            os.dup2(before, number)
            os.close(before)
        said = os.pread(file, 500, 0).decode("utf-8", "replace")
        os.close(file)
        if said:
            problems.append(f"said past errors: {said}")


def _around(box: Path) -> list[tuple[str, int, int]]:
    """All that lies in the box beside the folder of the file: names, sizes, times of change."""
    found = []
    for path in sorted(box.rglob("*")):
        if "case" not in path.relative_to(box).parts[:1]:
            stat = path.lstat()
            found.append((str(path), stat.st_size if path.is_file() else 0, stat.st_mtime_ns))
    return found


def _reset_peak() -> int:
    """Begin to measure the peak of memory anew; what there is now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory_bytes("VmRSS")


def _peak() -> int:
    return memory_bytes("VmHWM")
