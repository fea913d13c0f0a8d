"""Somebody who looks at a training from time to time, and may slow it down or end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

Others = Callable[[], Mapping[float, nn.Module]]
"""Gives the averages beside the usual one, by the factors on its half-life; none but where they are kept."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a training.

    Attributes:
        rate: factor on the first learning rates from here on.
        ends: no step is taken any more.
    """

    rate: float = 1.0
    ends: bool = False


class Watch(Protocol):
    """Looks at a training; what it has seen goes into the checkpoints.

    Attributes:
        every: steps between two looks.
        identity: plain JSON values that verdicts depend on.
    """

    every: int
    identity: Mapping[str, Any]

    def look(self, model: nn.Module, n_done: int, others: Others) -> Verdict:
        """Look at averaged weights, which it must not change, after a number of steps.

        Args:
            model: with the weights that decide.
            n_done: steps.
            others: gives the same model with averages of other lengths.
        """
        ...

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What it goes on with: plain JSON values, and tensors by name."""
        ...

    def go_on(self, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Verdict:
        """Go on with what :meth:`state` gave; the verdict of then."""
        ...


@dataclass(frozen=True)
class Watched:
    """A watch, and what it is shown.

    Attributes:
        watch: looks.
        shown: takes what it looks at out of the averages of a sitting, by name.
        others: takes the averages of other lengths out of them, by their factors.
    """

    watch: Watch
    shown: Callable[[Mapping[str, nn.Module]], nn.Module]
    others: Callable[[Mapping[str, nn.Module]], Mapping[float, nn.Module]] = lambda _averages: {}

    def look(self, averages: Mapping[str, nn.Module], n_done: int) -> Verdict:
        """Let it look at the averages of a sitting after a number of steps."""
        return self.watch.look(self.shown(averages), n_done, lambda: self.others(averages))
