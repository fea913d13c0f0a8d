"""Decisions one by one; then how often the rule stops what gets better, and what does not."""

import numpy as np
import pytest

from partly.errors import BadOption
from partly.evaluation.metrics.three_sample_test import picture_sums, relative_similarity
from partly.training.chassis.stopping_rule import RuleState, StoppingRule

RULE = StoppingRule(n_back=3, n_strikes=2, n_halvings=2, n_kept=1)


def decisions(rule, ps):
    """What comes of a row of evaluations, and the rates after each; ``ps`` are those that are compared."""
    state, found, rates, ps = RuleState(), [], [], list(ps)
    while ps:
        p = ps.pop(0) if rule.compares(state) or rule.is_over(state) else None
        state, decision = rule.after(state, p)
        found.append(decision)
        rates.append(rule.rate(state))
    return found, rates


def test_the_first_are_remembered_then_three_are_compared_with():
    assert decisions(RULE, [0.05, 0.1])[0] == ["remember"] * 3 + ["better"] * 2


def test_strikes_in_a_row_halve_the_rate_and_what_was_before_is_forgotten_then_it_stops():
    found, rates = decisions(RULE, [0.2, 0.05, 0.2, 0.2, 0.5, 0.5, 0.5])
    assert found == [
        *["remember"] * 3,
        *["strike", "better", "strike", "halve"],
        # One is kept, so that two more make three.
        *["remember"] * 2,
        *["strike", "stop", "over"],
    ]
    assert rates == [1.0] * 6 + [0.5] * 6


def test_as_it_is_used():
    rule = StoppingRule()
    found, rates = decisions(rule, [0.5] * 9)
    assert found.count("remember") == 10 + 7 + 7
    assert [i for i, one in enumerate(found, 1) if one in ("halve", "stop")] == [13, 23, 33]
    assert rates[-1] == 0.25


def test_a_halving_keeps_no_more_than_there_is():
    assert StoppingRule(n_back=1, n_kept=1).after(RuleState(1, 2), 0.9) == (RuleState(1, 0, 1), "halve")


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"n_back": 0}, "n_back is 0; expected 1 or more"),
        ({"strike_above": 1.0}, r"strike_above is 1\.0; expected a probability between 0 and 1"),
        ({"n_kept": 11}, "n_kept is 11; expected 0 to 10, which is n_back"),
    ],
)
def test_rules_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        StoppingRule(**choice)


def stops_at(shift, seed, n_most=60, n=128, d=8):
    """The evaluation at which a stream of pictures is stopped, from 1; None where it never is.

    Args:
        shift: of the pictures' mean from that of the photos, at an evaluation from 0.
    """
    draws = np.random.default_rng(seed)
    rule, state, memory = StoppingRule(), RuleState(), []
    photos = draws.normal(size=(n, d))
    for number in range(n_most):
        sums = picture_sums(photos, draws.normal(shift(number), 1, size=(n, d)))
        p = relative_similarity(sums, memory[-rule.n_back]).p if rule.compares(state) else None
        state, decision = rule.after(state, p)
        memory = [*memory, sums][-state.n_remembered :]
        if decision == "stop":
            return number + 1
    return None


def test_power_what_no_longer_gets_better_is_stopped_soon():
    found = [stops_at(lambda number: 0.6, seed) for seed in range(12)]
    assert all(found)
    assert min(found) >= 33
    # Nine strikes by chance take a little longer than the fewest evaluations that there can be.
    assert np.mean(found) < 42


def test_false_alarms_what_gets_better_is_hardly_ever_stopped():
    def better(number):
        return 1.2 * 0.96**number

    found = [stops_at(better, seed, n_most=45) for seed in range(12)]
    assert sum(one is not None for one in found) <= 1


def test_what_gets_better_and_then_does_not_is_stopped_after_that():
    found = [stops_at(lambda number: max(1.0 - 0.03 * number, 0.25), seed, n_most=80) for seed in range(6)]
    # Better until the 25th.
    assert all(one is not None and 25 + 9 < one < 75 for one in found)
