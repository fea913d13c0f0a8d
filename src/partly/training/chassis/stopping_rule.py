"""When to stop a training: evaluations in, decisions out (Bińkowski et al., ICLR 2018, section 5).

They halve the learning rate where three evaluations in a row cannot show that pictures have become better;
here such halvings are counted, and the last of them ends the training.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from partly.errors import BadOption

Decision = Literal["remember", "better", "strike", "halve", "stop", "over"]
"""What comes of an evaluation: there was none to compare with yet; pictures are better; it could not be
shown; so often that the rate is halved; that the training stops; it should have stopped before."""


@dataclass(frozen=True)
class RuleState:
    """What the rule remembers.

    Attributes:
        n_remembered: evaluations in a row that later ones may be compared with, the last of them included.
        n_strikes: in a row.
        n_halvings: so far, the one that stops it included.
    """

    n_remembered: int = 0
    n_strikes: int = 0
    n_halvings: int = 0


@dataclass(frozen=True)
class StoppingRule:
    """The rule.

    Attributes:
        n_back: an evaluation is compared with that of so many evaluations ago.
        strike_above: of ``p``, the probability of such a gain, or a greater one, where there is none.
        n_strikes: in a row, that halve the rate.
        n_halvings: the last of them stops the training instead.
        n_kept: evaluations that are not forgotten at a halving, at most as many as are compared with.
    """

    n_back: int = 10
    strike_above: float = 0.1
    n_strikes: int = 3
    n_halvings: int = 3
    n_kept: int = 3

    def __post_init__(self) -> None:
        for name in ("n_back", "n_strikes", "n_halvings"):
            if getattr(self, name) < 1:
                raise BadOption(f"{name} is {getattr(self, name)}", expected="1 or more")
        if not 0 < self.strike_above < 1:
            raise BadOption(f"strike_above is {self.strike_above}", expected="a probability between 0 and 1")
        if not 0 <= self.n_kept <= self.n_back:
            raise BadOption(f"n_kept is {self.n_kept}", expected=f"0 to {self.n_back}, which is n_back")

    def compares(self, state: RuleState) -> bool:
        """Whether the next evaluation is compared with an earlier one."""
        return state.n_remembered >= self.n_back

    def rate(self, state: RuleState) -> float:
        """Factor on the learning rate."""
        return float(0.5 ** min(state.n_halvings, self.n_halvings - 1))

    def is_over(self, state: RuleState) -> bool:
        """Whether the training has been stopped."""
        return state.n_halvings >= self.n_halvings

    def after(self, state: RuleState, p: float | None) -> tuple[RuleState, Decision]:
        """What comes of one more evaluation.

        Args:
            state: before it.
            p: of the comparison; None where there is none.
        """
        if self.is_over(state):
            return state, "over"
        remembered = min(state.n_remembered + 1, self.n_back)
        if p is None:
            return replace(state, n_remembered=remembered), "remember"
        if p <= self.strike_above:
            return replace(state, n_remembered=remembered, n_strikes=0), "better"
        if state.n_strikes + 1 < self.n_strikes:
            return replace(state, n_remembered=remembered, n_strikes=state.n_strikes + 1), "strike"
        after = RuleState(min(remembered, self.n_kept), 0, state.n_halvings + 1)
        return after, "stop" if self.is_over(after) else "halve"
