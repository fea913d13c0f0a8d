"""Agreement of few-shot segmenters with the parser, on fresh pictures."""

from __future__ import annotations

from collections.abc import Callable

from experiments.experiment import Figures
from experiments.scoring import by_segmenter, fresh_figures, over_draws
from experiments.workshop import Workshop
from partly.fewshot.segmenters import FewShotSegmenter


def agreement(workshop: Workshop, segmenter: FewShotSegmenter, logits_px: int | None = None) -> Figures:
    """Figures of one segmenter on the workshop's fresh pictures; see :func:`by_segmenter`."""
    predict = by_segmenter(workshop.remembering, segmenter, workshop.protocol.label_px, logits_px)
    return fresh_figures(predict, workshop.fresh())


def agreement_over_draws(
    workshop: Workshop, n_draws: int, fitted: Callable[[int], FewShotSegmenter]
) -> Figures:
    """Figures over draws of the labels; ``fitted`` gives the segmenter of a draw."""
    return over_draws([agreement(workshop, fitted(draw)) for draw in range(n_draws)])
