"""What goes wrong in a worker, as it travels to who gave it the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from partly.errors import PartlyError


@dataclass(frozen=True)
class Failure:
    """An error of a worker.

    Attributes:
        error: what is raised again; None: an error that is a defect.
        text: what it says.
    """

    error: PartlyError | OSError | None
    text: str

    def raise_again(self) -> None:
        """Raise it.

        Raises:
            PartlyError: the worker met one.
            OSError: the worker met one.
            RuntimeError: the worker met anything else.
        """
        raise self.error or RuntimeError(self.text)


def failure_of(run: Callable[[], None]) -> Failure | None:
    """Run something; what it raises comes back as a value."""
    try:
        run()
    except PartlyError as error:
        return Failure(error, str(error))
    except OSError as error:
        # Made anew, since what derives from it need not travel between processes.
        plain = OSError(error.errno, error.strerror or str(error), error.filename)
        return Failure(plain, str(plain))
    except Exception as error:  # noqa: BLE001 - it is raised again by who gave the work
        return Failure(None, f"a worker failed: {type(error).__name__}: {error}")
    return None


@dataclass
class Deaths:
    """How often workers died of each piece.

    Attributes:
        most: so often is once too often.
    """

    most: int = 2
    _of: Counter[str] = field(default_factory=Counter)

    def add(self, piece: object, how: str) -> None:
        """One more.

        Args:
            piece: what the worker was doing.
            how: it ended, such as "exit code -9".

        Raises:
            PartlyError: it is once too often.
        """
        self._of[str(piece)] += 1
        if self._of[str(piece)] >= self.most:
            raise PartlyError(
                f"workers died {self.most} times at the same piece: {piece} ({how})",
                remedy="Run the same command again, with fewer workers if memory was short; "
                "finished pieces are kept",
            )
