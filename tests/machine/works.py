"""Works of a few lines, as other processes import them: pieces are texts, and what is made is files."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from partly.errors import NotAvailable
from partly.machine.executors import Tell


@dataclass(frozen=True)
class Write:
    """Writes a file for each piece, named after it, and tells its letters one by one.

    Attributes:
        folder: of the files.
        takes_s: a piece.
        killed_once: pieces that kill their worker the first time.
        killed_always: pieces that kill it each time.
    """

    folder: Path
    takes_s: float = 0.0
    killed_once: tuple[str, ...] = ()
    killed_always: tuple[str, ...] = ()

    def __call__(self) -> Callable[[str, Tell], None]:
        return self._write

    def _write(self, piece: str, tell: Tell) -> None:
        for letter in piece:
            tell(letter)
        mark = self.folder / f"{piece}.killed"
        if piece in self.killed_always or (piece in self.killed_once and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.takes_s)
        # Each time it is done is another line.
        with (self.folder / piece).open("a") as file:
            file.write(f"{piece}\n")


@dataclass(frozen=True)
class Fail:
    """A worker that fails as it is asked to, when it begins."""

    how: str

    def __call__(self) -> Callable[[str, Tell], None]:
        if self.how == "mendable":
            raise NotAvailable("the network is gone", remedy="Get it again")
        if self.how == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")
        raise ValueError("out of luck")


@dataclass(frozen=True)
class Large:
    """A piece that no pipe holds at once.

    Attributes:
        name: of it.
        filling: its bytes.
    """

    name: str
    filling: bytes = bytes(1 << 20)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Meet:
    """Workers that begin when as many others are beginning, and fail where these do not come.

    Attributes:
        folder: where they meet.
        n: how many.
        within_s: they wait.
    """

    folder: Path
    n: int
    within_s: float = 30.0

    def __call__(self) -> Callable[[object, Tell], None]:
        (self.folder / f"{os.getpid()}.begun").touch()
        ends = time.monotonic() + self.within_s
        while len(list(self.folder.glob("*.begun"))) < self.n:
            if time.monotonic() > ends:
                raise NotAvailable("the others do not begin")
            time.sleep(0.01)
        return lambda piece, tell: None


@dataclass(frozen=True)
class Clear:
    """Makes a file for each piece, which is gone when its worker ends.

    Attributes:
        folder: of the files.
    """

    folder: Path

    def __call__(self) -> Callable[[str, Tell], None]:
        return self._make

    def _make(self, piece: str, tell: Tell) -> None:
        file = self.folder / piece
        with contextlib.ExitStack() as stack:
            stack.callback(file.unlink)
            file.touch()
            tell(piece)
            time.sleep(60)
