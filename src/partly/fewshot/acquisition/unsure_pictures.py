"""Which pictures to label next: those on which the segmenter is least sure (uncertainty sampling).

Lewis and Gale, "A sequential algorithm for training text classifiers" (SIGIR 1994). The first labels teach
what is usual; from then on a picture of the unusual (a hat, a hand, a crowd behind) is worth more
(docs/lab.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from partly.data.labels import Picture, Pictured, is_same_picture
from partly.errors import BadOption
from partly.fewshot.acquisition.promising_pictures import Proposal, k_medoids
from partly.fewshot.features.feature_source import FeatureSource, at_most
from partly.fewshot.segmenters.picture_uncertainty import uncertainty
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.models.generators import Truncation

GRID_PX = 64
"""Cells on which a segmenter says how unsure it is."""
# Pictures to be labelled without a fit between them are chosen among so many times as many, for variety.
_CHOICE = 4


def propose_unsure(
    source: FeatureSource,
    segmenter: FewShotSegmenter,
    n_pictures: int,
    seed: int = 0,
    *,
    known: Sequence[Pictured] = (),
    n_candidates: int = 200,
    truncation: Truncation | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Proposal]:
    """The pictures of which ``segmenter`` is least sure, worst first; the score is their uncertainty.

    Best is to ask for one, label it, and fit anew before the next is asked for. Several at once are the
    k-medoids over the source's codes of four times as many unsure ones, so that they are not alike.

    Args:
        source: has the candidates.
        segmenter: fitted on pictures of this source.
        n_pictures: how many are wanted.
        seed: of the candidates.
        known: pictures that are labelled already; they are left out.
        n_candidates: how many are looked at; all, where the source has fewer.
        truncation: of the candidates; 0.7 to 1 by default.
        on_progress: told how many candidates were looked at, and of how many.

    Raises:
        BadOption: fewer candidates than wanted, or none wanted.
    """
    finest_px = max(source.levels[i].size_px for i in segmenter.level_indexes)

    def doubt_of(picture: Picture) -> float:
        return float(uncertainty(segmenter(source.pyramid(picture, finest_px), GRID_PX)))

    return least_sure(
        source,
        doubt_of,
        n_pictures,
        seed,
        known=known,
        n_candidates=n_candidates,
        truncation=truncation,
        on_progress=on_progress,
    )


@torch.no_grad()
def least_sure(
    source: FeatureSource,
    doubt_of: Callable[[Picture], float],
    n_pictures: int,
    seed: int = 0,
    *,
    known: Sequence[Pictured] = (),
    n_candidates: int = 200,
    truncation: Truncation | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Proposal]:
    """As :func:`propose_unsure`, whoever says how unsure of a picture it is, in [0, 1].

    Raises:
        BadOption: fewer candidates than wanted, or none wanted.
    """
    truncation = truncation or Truncation(0.7, 1.0)
    drawn = (
        source.plain("unsure proposals", seed, index, truncation)
        for index in range(at_most(source, n_candidates))
    )
    new = {i: p for i, p in enumerate(drawn) if not any(is_same_picture(p, other) for other in known)}
    indexes = list(new)
    chosen = least_sure_among(source, list(new.values()), doubt_of, n_pictures, seed, on_progress)
    return [
        Proposal(new[indexes[place]], seed, indexes[place], doubt, "unsure proposals")
        for place, doubt in chosen
    ]


@torch.no_grad()
def least_sure_among(
    source: FeatureSource,
    candidates: Sequence[Picture],
    doubt_of: Callable[[Picture], float],
    n_pictures: int,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[tuple[int, float]]:
    """As :func:`least_sure`, of given candidates: their places, each with its doubt; worst first.

    Raises:
        BadOption: fewer candidates than wanted, or none wanted.
    """
    doubts = []
    for done, picture in enumerate(candidates, start=1):
        doubts.append(doubt_of(picture))
        if on_progress is not None:
            on_progress(done, len(candidates))
    if not 1 <= n_pictures <= len(candidates):
        raise BadOption(
            f"{n_pictures} pictures of {len(candidates)} that are not labelled",
            expected="1 or more, and no more than candidates",
        )
    ranked = sorted(range(len(candidates)), key=lambda i: -doubts[i])[: _CHOICE * n_pictures]
    if n_pictures > 1:
        codes = source.codes([candidates[i] for i in ranked])
        ranked = [ranked[i] for i in sorted(k_medoids(torch.cdist(codes, codes), n_pictures, seed))]
    return [(i, doubts[i]) for i in ranked[:n_pictures]]
