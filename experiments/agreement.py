"""Agreement of few-shot segmenters with the parser, on unseen pictures."""

from __future__ import annotations

from collections.abc import Callable

from experiments.bench import Bench
from experiments.experiment import Figures
from experiments.scoring import by_segmenter, over_draws, unseen_figures
from partly.fewshot.segmenters import FewShotSegmenter


def agreement(bench: Bench, segmenter: FewShotSegmenter, logits_px: int | None = None) -> Figures:
    """Figures of one segmenter on the bench's unseen pictures; see :func:`by_segmenter`."""
    predict = by_segmenter(bench.caching_generator, segmenter, bench.protocol.label_px, logits_px)
    return unseen_figures(predict, bench.unseen())


def agreement_over_draws(bench: Bench, n_draws: int, fitted: Callable[[int], FewShotSegmenter]) -> Figures:
    """Figures over draws of the labels; ``fitted`` gives the segmenter of a draw."""
    return over_draws([agreement(bench, fitted(draw)) for draw in range(n_draws)])
