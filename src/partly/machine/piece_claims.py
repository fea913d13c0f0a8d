"""Which run does which piece, where several write to one folder: files in it, also on network disks.

Nothing but files is shared, and clocks of machines may differ. A run has a file that it touches while it
lives; a piece has a file that names its run, and that only one run can create. A run that was killed leaves
both: on its own machine it is known at once to be dead, by a lock that the system let go; on another one,
when its file has not been touched for a minute, by the clock of the disk. What the dead claimed is free.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from partly.errors import FolderBusy, PartlyError, listed
from partly.machine.executors import Executor, OnNews, P, Work
from partly.storage import Provenance, read_json_or_none

FOLDER = Path(".partly") / "runs-at-work"
_BEAT_S, _SILENT_S = 10.0, 60.0
_WAIT_S = 2.0
_SHARING, _ALONE = "sharing", "alone"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class PieceClaims:
    """The claims of one run on the pieces of a folder; a context, in which the run counts as alive.

    Args:
        folder: that is written to.
        alone: the run writes everywhere in it, and shares it with none.
        depends_on: what the results depend on besides their names, as plain JSON values: runs that differ in
            it would replace each other's results. None: whoever shares the folder makes the same.

    Raises:
        FolderBusy: on entering: another run is at work in the folder, and one of both must be alone, or makes
            something else.
        PartlyError: on entering: the folder cannot be written to.
    """

    def __init__(
        self, folder: Path, *, alone: bool = False, depends_on: Mapping[str, Any] | None = None
    ) -> None:
        self._root, self._place, self._alone = folder, folder / FOLDER, alone
        self._makes = None if depends_on is None else Provenance(depends_on)
        kind = _ALONE if alone else _SHARING
        self._run = f"{uuid.uuid4().hex[:16]}.{kind}"
        self._file = self._place / f"{self._run}.alive"
        self._lock = FileLock(f"{self._file}.lock")
        self._ended = threading.Event()
        self._mine: dict[str, Path] = {}

    def __enter__(self) -> PieceClaims:
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            told = {"machine": _this_machine(), "makes": self._makes and self._makes.to_json()}
            self._file.write_text(json.dumps(told), encoding="utf-8")
        except OSError as error:
            raise PartlyError(
                f"cannot be written ({error.strerror or error})",
                remedy="Choose another folder, or mend its permissions, and run the same command again",
                path=error.filename or self._root,
            ) from error
        try:
            self._check_others()
        except BaseException:
            self._leave()
            raise
        threading.Thread(target=self._beat, name="partly heartbeat", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def take(self, name: str) -> bool:
        """Claim a piece; whether it is this run's now.

        Args:
            name: of the piece; a name of a file.
        """
        path = self._place / f"{name}.piece"
        for _ in range(2):
            try:
                handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            except FileExistsError:
                if self._is_held(path):
                    return False
                path.unlink(missing_ok=True)
                continue
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self._run)
            self._mine[name] = path
            return True
        return False

    def release(self, name: str) -> None:
        """Let go of a piece."""
        if path := self._mine.pop(name, None):
            path.unlink(missing_ok=True)

    @property
    def is_only_one(self) -> bool:
        """Whether no other run is at work in the folder."""
        return not any(other != self._file and self._lives(other) for other in self._place.glob("*.alive"))

    def _check_others(self) -> None:
        for other in self._place.glob("*.alive"):
            if other == self._file:
                continue
            if not self._lives(other):
                other.unlink(missing_ok=True)
                Path(f"{other}.lock").unlink(missing_ok=True)
            elif self._alone or other.stem.endswith(f".{_ALONE}"):
                raise FolderBusy(
                    "another command is writing to this folder",
                    expected="one command, or several that share the work: each with --share or --workers",
                    remedy="Wait until it is done, stop it, or use another folder",
                    path=self._root,
                )
            else:
                self._check_same(other)

    def _check_same(self, other: Path) -> None:
        """Check that a run that shares the folder makes the same.

        Each run says what it makes before it looks at others, so one of both sees the other's words whole.

        Raises:
            FolderBusy: it makes something else.
        """
        makes = _told(other).get("makes")
        if self._makes is None or not isinstance(makes, dict):
            return
        if differences := self._makes.differences(makes):
            raise FolderBusy(
                f"another command is writing other results to this folder ({listed(differences)})",
                expected="the same network and options as those of the command that is running",
                remedy="Wait until it is done, stop it, or use another folder",
                path=self._root,
            )

    def _is_held(self, path: Path) -> bool:
        """Whether the run that claimed a piece is alive."""
        try:
            run = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return False
        if not run:  # between its creation and its first byte, or of a run that died there
            return self._is_fresh(path)
        return run == self._run or self._lives(self._place / f"{run}.alive")

    def _lives(self, file: Path) -> bool:
        """Whether a run, by its file, is alive."""
        if not file.exists():
            return False
        # Elsewhere, also on a machine of the same name, no lock says anything.
        if _told(file).get("machine") != _this_machine():
            return self._is_fresh(file)
        try:
            with FileLock(f"{file}.lock").acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _is_fresh(self, file: Path) -> bool:
        """Whether a file was touched a short while ago, by the clock of the disk that it is on."""
        now = self._file
        with suppress(FileNotFoundError):
            now.touch()
            return now.stat().st_mtime - file.stat().st_mtime < _SILENT_S
        return False

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_S):
            with suppress(OSError):
                os.utime(self._file)

    def _leave(self) -> None:
        self._ended.set()
        for name in list(self._mine):
            self.release(name)
        self._file.unlink(missing_ok=True)
        self._lock.release()
        Path(f"{self._file}.lock").unlink(missing_ok=True)
        for folder in (self._place, self._place.parent):
            with suppress(OSError):  # others are at work, or there is more in it
                folder.rmdir()


def _this_machine() -> list[str]:
    """What tells this machine, since it was started, from others; containers may have one name on many."""
    try:
        boot_id = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        boot_id = ""
    return [socket.gethostname(), boot_id]


def _told(file: Path) -> dict[str, Any]:
    """What a run says of itself; nothing between the creation of its file and its first byte."""
    return read_json_or_none(file) or {}


def run_shared(
    executor: Executor,
    work: Work[P],
    pieces: Sequence[P],
    claims: PieceClaims,
    *,
    is_done: Callable[[P], bool],
    on_news: OnNews[P] | None = None,
) -> Iterator[P]:
    """Do pieces that other runs may be doing, too: each by one of them; yields those done here.

    It ends when all are done. What another run is doing is waited for, and done here if that run dies.

    Args:
        executor: does them.
        work: makes a worker.
        pieces: all; ``str`` of each is its own name, that of a file.
        claims: of this run.
        is_done: whether somebody has done a piece.
        on_news: takes the news.

    Raises:
        PartlyError: as for :meth:`partly.machine.Executor.run`.
        OSError: as there.
    """
    done: set[str] = set()
    left = list(pieces)
    while left:
        mine = _claimed(left, claims, is_done)
        # No workers are begun for nothing.
        for first in mine:
            for piece in executor.run(work, chain([first], mine), on_news):
                done.add(str(piece))
                claims.release(str(piece))
                yield piece
        left = [piece for piece in left if str(piece) not in done and not is_done(piece)]
        if left:
            time.sleep(_WAIT_S)


def _claimed(pieces: Iterable[Any], claims: PieceClaims, is_done: Callable[[Any], bool]) -> Iterator[Any]:
    """Those that are this run's, claimed as they are asked for."""
    for piece in list(pieces):
        if is_done(piece) or not claims.take(str(piece)):
            continue
        # Another run may have done it between the look and the claim.
        if is_done(piece):
            claims.release(str(piece))
            continue
        yield piece
