"""Which pictures to label before anything is known: a few that stand for all that there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.labels import Picture, Pictured, is_same_picture
from partly.errors import BadOption
from partly.fewshot.acquisition.kinds_first import medoids_of_kinds
from partly.fewshot.acquisition.promising_pictures import Proposal, Worth, k_medoids, those_worth
from partly.fewshot.features.feature_source import FeatureSource, at_most
from partly.machine import where_able
from partly.models.generators import Truncation

# Levels from 8 to 32 px say what is where; finer ones add texture, and take most of the time.
_COARSEST_PX, _FINEST_PX = 8, 32
_POOLED_PX = 4


@torch.no_grad()
def representative(
    source: FeatureSource,
    n: int,
    n_candidates: int = 200,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    truncation: Truncation | None = None,
    known: Sequence[Pictured] = (),
    worth: Worth | None = None,
) -> list[Proposal]:
    """The k-medoids of ``n_candidates`` pictures over their features, best first.

    Of a generator with classes or codes, one stands for each that no known picture shows, and the others are
    the k-medoids of all that are left.

    A picture is compared by its levels of 8 to 32 px, pooled to 4 x 4 places; every number is standardised
    over the candidates. The score is the share of the candidates that a picture stands for.

    Args:
        source: has the candidates.
        n: how many pictures are wanted.
        n_candidates: how many are looked at; all, where the source has fewer.
        seed: of the candidates.
        on_progress: told how many candidates were looked at, and of how many.
        truncation: of the candidates; 0.5 to 1 by default.
        known: pictures that are not to be proposed again.
        worth: which candidates may be proposed, as far as there are enough of them; None: all.

    Raises:
        BadOption: fewer candidates that are not known than wanted, or none wanted.
    """
    truncation = truncation or Truncation(0.5, 1.0)
    drawn = {i: source.plain("proposals", seed, i, truncation) for i in range(at_most(source, n_candidates))}
    new = {i: p for i, p in drawn.items() if not any(is_same_picture(p, other) for other in known)}
    indexes = [list(new)[place] for place in those_worth(list(new.values()), n, worth)]
    covered = {kind for other in known if (kind := getattr(other, "kind", None)) is not None}
    chosen = representative_among(source, [new[i] for i in indexes], n, seed, on_progress, covered)
    return [Proposal(new[indexes[place]], seed, indexes[place], score) for place, score in chosen]


@torch.no_grad()
def representative_among(
    source: FeatureSource,
    candidates: Sequence[Picture],
    n: int,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    covered: Collection[str] = (),
) -> list[tuple[int, float]]:
    """As :func:`representative`, of given candidates: their places, each with its score; best first.

    Args:
        source: has the candidates.
        candidates: pictures or photos.
        n: how many are wanted.
        seed: of the first medoids that are tried.
        on_progress: told how many candidates were looked at, and of how many.
        covered: classes or codes that are labelled or proposed already.

    Raises:
        BadOption: fewer candidates than wanted, or none wanted.
    """
    if not 1 <= n <= len(candidates):
        raise BadOption(
            f"{n} pictures of {len(candidates)}",
            expected="1 or more, and no more than candidates that are new",
        )
    pooled = []
    for done, picture in enumerate(candidates, start=1):
        pooled.append(_pooled(source, picture))
        if on_progress is not None:
            on_progress(done, len(candidates))
    distances = _distances(torch.cat(pooled))
    kinds = [picture.kind for picture in candidates]
    medoids = medoids_of_kinds(distances, kinds, n, lambda some, k: k_medoids(some, k, seed), covered)
    stands_for = torch.bincount(distances[:, medoids].argmin(1), minlength=n) / len(candidates)
    return sorted(zip(medoids, stands_for.tolist(), strict=True), key=lambda chosen: -chosen[1])


def _pooled(source: FeatureSource, picture: Pictured) -> Tensor:
    """Features ``[1, c]`` of one picture, on the processor, where the choice is made."""
    sizes = {level.size_px for level in source.levels if level.size_px >= _POOLED_PX}
    finest = max((s for s in sizes if s <= _FINEST_PX), default=min(sizes))
    maps = source.pyramid(picture, finest).maps
    # Sizes are those of a square photo: of a narrow one, too, the same levels are compared.
    middle = [m for m, level in zip(maps, source.levels, strict=False) if level.size_px >= _COARSEST_PX]
    middle = middle or [maps[-1]]
    pooled = [F.adaptive_avg_pool2d(where_able(m), _POOLED_PX).flatten(1).cpu() for m in middle]
    return torch.cat(pooled, dim=1)


def _distances(features: Tensor) -> Tensor:
    """Euclidean distances ``[n, n]`` between rows ``[n, c]``, every column standardised."""
    spread = features.std(0, correction=0)
    standard = (features - features.mean(0)) / torch.where(spread > 1e-6, spread, torch.inf)
    return torch.cdist(standard, standard)
