"""What is told of a training that stops when its pictures no longer get better."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from partly.project.trainings.held_out_photos import ENOUGH_HELD_OUT
from partly.project.trainings.no_better import Evaluation
from partly.training.chassis import StoppingRule


def outcome_text(evaluations: Sequence[Evaluation], *, is_over: bool) -> str:
    """How it ended, which generator was chosen, and what the evaluations took; one paragraph.

    Args:
        evaluations: all of them, oldest first.
        is_over: the rule stopped it.
    """
    if not evaluations:
        return "The training was shorter than the time to its first evaluation: its end is the generator."
    rule = StoppingRule()
    stop = next((one for one in evaluations if one.decision == "stop"), None)
    if is_over and stop:
        how = (
            f"Stopped after {stop.n_seen} photos: for the {_ORDINAL[rule.n_halvings]} time, "
            f"{rule.n_strikes} evaluations in a row found no better pictures than {rule.n_back} evaluations "
            "before."
        )
    else:
        how = "Not stopped by the rule: the training reached the length that was the most."
    best = next(one for one in reversed(evaluations) if one.is_best)
    spent = timedelta(seconds=round(sum(one.time_s for one in evaluations)))
    return (
        f"{how} The generator is that after {best.n_seen} photos, whose kernel distance was least "
        f"(x 1000: {_short(best.kernel, 3)} ± {_short(best.kernel_error, 2)}). "
        f"{len(evaluations)} evaluations took {spent}."
    )


def _short(value: float, n_digits: int) -> str:
    """So many digits, without an exponent however large the value is."""
    return f"{value:.0f}" if abs(value) >= 10**n_digits - 0.5 else f"{value:.{n_digits}g}"


def before_text(n_held_out: int, n_learned: int, every_photos: int, n_most: int) -> list[str]:
    """What is told before a training begins.

    Args:
        n_held_out: photos held out.
        n_learned: photos that are learned from.
        every_photos: photos shown between two evaluations.
        n_most: photos shown at the most.
    """
    told = [
        f"{n_held_out} photos are held out to compare pictures with, {n_learned} are learned from; "
        f"evaluated every {every_photos} photos shown."
    ]
    if n_held_out < ENOUGH_HELD_OUT:
        told.append(
            f"With {n_held_out} held-out photos small gains cannot be shown, so that the training may stop "
            f"early; {ENOUGH_HELD_OUT} or more are better."
        )
    least = least_evaluations(StoppingRule()) * every_photos
    if least > n_most:
        told.append(
            f"The rule cannot stop the training before {least} photos, and it ends after {n_most}: the best "
            "checkpoint is chosen alone."
        )
    return told


def least_evaluations(rule: StoppingRule) -> int:
    """Evaluations after which the rule can stop a training at the earliest."""
    again = rule.n_back - rule.n_kept + rule.n_strikes
    return rule.n_back + rule.n_strikes + (rule.n_halvings - 1) * again


_ORDINAL = {1: "first", 2: "second", 3: "third"}
