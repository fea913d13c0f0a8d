from __future__ import annotations

import pytest
import torch

from partly.errors import BadOption
from partly.generators.sampling import Truncation, sample_w
from partly.proposals import k_medoids, propose
from tests.fakes import tiny_generator


def test_proposals_can_be_made_again_from_what_they_say() -> None:
    generator = tiny_generator()
    told: list[int] = []
    proposals = propose(generator, 4, seed=3, n_candidates=12, on_progress=lambda done, _n: told.append(done))
    assert told == list(range(1, 13))
    assert len({p.index for p in proposals}) == 4
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)
    again = propose(generator, 4, seed=3, n_candidates=12)
    assert [(p.index, p.score) for p in again] == [(p.index, p.score) for p in proposals]
    for p in proposals:
        assert torch.equal(p.w, sample_w(generator, 3, p.index, Truncation(0.5, 1.0)))
        assert 0.5 <= p.truncation <= 1.0


def test_the_better_half_lies_nearer_to_the_mean() -> None:
    generator = tiny_generator()
    ranked = propose(generator, 20, n_candidates=20)
    distances = torch.stack([(p.w - generator.w_mean).norm() for p in ranked])
    assert distances[:10].mean() < distances[10:].mean()


def test_pictures_to_be_labelled_together_are_spread_out() -> None:
    generator = tiny_generator()
    spread = lambda ps: torch.pdist(torch.cat([p.w for p in ps]).flatten(1)).mean()  # noqa: E731
    together = propose(generator, 4, n_candidates=30, together=True)
    alone = propose(generator, 4, n_candidates=30)
    assert spread(together) > spread(alone)


def test_k_medoids_finds_well_parted_clusters() -> None:
    draws = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    points = torch.cat([c + torch.randn(15, 2, generator=draws) for c in centres])
    medoids = k_medoids(torch.cdist(points, points), 3)
    assert sorted(i // 15 for i in medoids) == [0, 1, 2]


def test_more_pictures_than_candidates_are_refused() -> None:
    with pytest.raises(BadOption, match="5 pictures of 3; expected 1 or more, and no more than candidates"):
        propose(tiny_generator(), 5, n_candidates=3)
