"""Each class or code once, before any comes again: kinds that nobody has labelled teach most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor


def kinds_first(
    ranked: Sequence[int], kinds: Sequence[str | None], covered: Collection[str | None] = ()
) -> list[int]:
    """The same indexes, those first that are the best of a kind which is not covered.

    Args:
        ranked: indexes of candidates, best first.
        kinds: of all candidates; None is no kind.
        covered: kinds that are labelled or proposed already.
    """
    met = {None, *covered}
    first = []
    for index in ranked:
        if kinds[index] not in met:
            met.add(kinds[index])
            first.append(index)
    return first + [index for index in ranked if index not in set(first)]


def medoids_of_kinds(
    distances: Tensor,
    kinds: Sequence[str | None],
    n: int,
    medoids: Callable[[Tensor, int], list[int]],
    covered: Collection[str | None] = (),
) -> list[int]:
    """``n`` indexes that stand for all: one for each kind that is not covered, the others whatever kind.

    Where there are more kinds than ``n``, those come whose pictures are most alike.

    Args:
        distances: between all candidates, ``[m, m]``.
        kinds: of the candidates; None is no kind.
        n: how many are wanted.
        medoids: so many of some candidates, from the distances between them.
        covered: kinds that are labelled or proposed already.
    """
    sums = {}
    for kind in dict.fromkeys(kind for kind in kinds if kind is not None and kind not in covered):
        members = torch.tensor([index for index, other in enumerate(kinds) if other == kind])
        means = distances[members][:, members].mean(dim=1)
        sums[int(members[means.argmin()])] = float(means.min())
    chosen = sorted(sums, key=sums.__getitem__)[:n]
    if len(chosen) < n:
        others = torch.tensor([index for index in range(len(kinds)) if index not in chosen])
        places = medoids(distances[others][:, others], n - len(chosen))
        chosen += others[places].tolist()
    return chosen
