"""The part of a training's page that says when it stops, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from partly.evaluation.report import Section, Series, curves, notes, table
from partly.project.trainings.no_better import Evaluation
from partly.project.trainings.stopping_text import outcome_text

_DECISIONS = {
    "remember": "",
    "better": "better",
    "strike": "not better",
    "halve": "not better: rate halved",
    "stop": "not better: stopped",
    "over": "",
}
_N_ROWS = 40


def stopping_section(lines: Sequence[Mapping[str, Any]], *, has_ended: bool) -> list[Section]:
    """Curve, decisions and outcome of the evaluations; nothing where there are none.

    Args:
        lines: of ``stopping.jsonl``.
        has_ended: whether the best generator was chosen.
    """
    if not lines:
        return []
    found = [Evaluation(**line) for line in lines]
    seen = [one.n_seen for one in found]
    chart = curves(
        [Series("kernel distance", seen, [one.kernel for one in found])],
        title="Kernel distance to held-out photos",
        x_label="photos shown",
        y_label="x 1000",
    )
    rows = [
        (
            one.n_seen,
            f"{one.kernel:.3f} ± {one.kernel_error:.3f}",
            "" if one.p is None else f"{one.p:.3f}",
            _DECISIONS[one.decision],
            f"{one.rate:g}",
            "best so far" if one.is_best else "",
        )
        for one in found[-_N_ROWS:]
    ]
    titles = ("photos shown", "kernel distance x 1000", "p", "", "rate", "")
    told = outcome_text(found, is_over=any(one.decision == "stop" for one in found)) if has_ended else ""
    return [
        Section(
            "When to stop",
            [*([notes([told])] if told else []), chart, table(titles, rows)],
            intro="Pictures are compared with photos that are not learned from. p is the probability of such "
            "a gain over ten evaluations before, or of a greater one, if there was none: above 0.1 nothing "
            "is shown to have become better. Three times in a row halve the learning rate; the third halving "
            "would be the end. It is a rule, and no test: who looks often enough finds a small p by chance.",
        )
    ]
