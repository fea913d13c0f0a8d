from __future__ import annotations

import pytest
import torch

from partly.errors import BadOption
from partly.fewshot.acquisition.promising_pictures import k_medoids, propose
from partly.fewshot.acquisition.representative_pictures import _distances, _pooled, representative
from partly.fewshot.acquisition.unsure_pictures import propose_unsure
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.segmenters.picture_uncertainty import uncertainty
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from partly.models.generators.truncation import Truncation
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator

FULL = Truncation(0.7, 1.0)


def test_proposals_can_be_made_again_from_what_they_say() -> None:
    generator = tiny_generator()
    told: list[int] = []
    proposals = propose(
        GeneratorFeatures(generator),
        4,
        seed=3,
        n_candidates=12,
        on_progress=lambda done, _n: told.append(done),
    )
    assert told == list(range(1, 13))
    assert len({p.index for p in proposals}) == 4
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)
    again = propose(GeneratorFeatures(generator), 4, seed=3, n_candidates=12)
    assert [(p.index, p.score) for p in again] == [(p.index, p.score) for p in proposals]
    for p in proposals:
        assert torch.equal(p.w, sample_w(generator, 3, p.index, Truncation(0.5, 1.0)))
        assert 0.5 <= p.truncation <= 1.0


def test_the_better_half_lies_nearer_to_the_mean() -> None:
    generator = tiny_generator()
    ranked = propose(GeneratorFeatures(generator), 20, n_candidates=20)
    distances = torch.stack([(p.w - generator.w_mean).norm() for p in ranked])
    assert distances[:10].mean() < distances[10:].mean()


def test_pictures_to_be_labelled_together_are_spread_out() -> None:
    generator = tiny_generator()
    spread = lambda ps: torch.pdist(torch.cat([p.w for p in ps]).flatten(1)).mean()  # noqa: E731
    together = propose(GeneratorFeatures(generator), 4, n_candidates=30, together=True)
    alone = propose(GeneratorFeatures(generator), 4, n_candidates=30)
    assert spread(together) > spread(alone)


def test_k_medoids_finds_well_parted_clusters() -> None:
    draws = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    points = torch.cat([c + torch.randn(15, 2, generator=draws) for c in centres])
    medoids = k_medoids(torch.cdist(points, points), 3)
    assert sorted(i // 15 for i in medoids) == [0, 1, 2]


def test_more_pictures_than_candidates_are_refused() -> None:
    with pytest.raises(BadOption, match="5 pictures of 3; expected 1 or more, and no more than candidates"):
        propose(GeneratorFeatures(tiny_generator()), 5, n_candidates=3)


def _fitted() -> tuple[MobileStyleGAN, FewShotSegmenter]:
    generator = tiny_generator()
    config = FewShotConfig(n_statistics=4, n_self_training=2, penalty=0.1)
    return generator, fit_few_shot(
        GeneratorFeatures(generator), [thing_annotation(generator, 0)], TWO_PARTS, config
    )


def test_unsure_pictures_are_the_least_sure_of_all() -> None:
    generator, segmenter = _fitted()
    told: list[int] = []
    ranked = propose_unsure(
        GeneratorFeatures(generator),
        segmenter,
        1,
        5,
        n_candidates=9,
        on_progress=lambda i, _n: told.append(i),
    )
    assert told == list(range(1, 10))
    doubts = []
    for index in range(9):
        w = sample_w(generator, 5, index, Truncation(0.7, 1.0), "unsure proposals")
        logits = segmenter(generator.synthesise(w, features_px=64, images=False).pyramid, 64)
        doubts.append(float(uncertainty(logits)))
    assert ranked[0].index == doubts.index(max(doubts))
    assert ranked[0].score == pytest.approx(max(doubts))


def test_labelled_pictures_are_not_proposed_again() -> None:
    generator, segmenter = _fitted()
    [first] = propose_unsure(GeneratorFeatures(generator), segmenter, 1, n_candidates=6)
    [second] = propose_unsure(
        GeneratorFeatures(generator), segmenter, 1, n_candidates=6, known=[first.picture]
    )
    assert second.index != first.index
    assert second.score <= first.score
    source = GeneratorFeatures(generator)
    known = source.plain("unsure proposals", 0, 0, FULL)
    with pytest.raises(BadOption, match="2 pictures of 1 that are not labelled; expected 1 or more"):
        propose_unsure(source, segmenter, 2, n_candidates=2, known=[known])


def test_several_unsure_pictures_differ() -> None:
    generator, segmenter = _fitted()
    several = propose_unsure(GeneratorFeatures(generator), segmenter, 3, n_candidates=20)
    assert len({p.index for p in several}) == 3
    assert [p.score for p in several] == sorted((p.score for p in several), reverse=True)


def test_representative_pictures_are_distinct_and_stand_for_all() -> None:
    generator = tiny_generator()
    told: list[tuple[int, int]] = []
    proposals = representative(
        GeneratorFeatures(generator), 4, 20, 3, lambda *progress: told.append(progress)
    )
    assert told == [(i, 20) for i in range(1, 21)]
    assert len({p.index for p in proposals}) == 4
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)
    assert sum(p.score for p in proposals) == pytest.approx(1)
    for p in proposals:
        assert torch.equal(p.w, sample_w(generator, 3, p.index, Truncation(0.5, 1.0)))
        assert 0.5 <= p.truncation <= 1.0
    again = representative(GeneratorFeatures(generator), 4, 20, 3)
    assert [(p.index, p.score) for p in again] == [(p.index, p.score) for p in proposals]


def test_representative_pictures_lie_nearer_to_all_than_others_do() -> None:
    generator = tiny_generator()
    source = GeneratorFeatures(generator)
    pictures = [source.plain("proposals", 0, i, Truncation(0.5, 1.0)) for i in range(24)]
    pooled = torch.cat([_pooled(source, picture) for picture in pictures])
    distances = _distances(pooled)
    chosen = [p.index for p in representative(GeneratorFeatures(generator), 3, 24)]
    cost = float(distances[:, chosen].amin(1).sum())
    draws = torch.Generator().manual_seed(0)
    others = [torch.randperm(24, generator=draws)[:3] for _ in range(40)]
    assert sum(cost < float(distances[:, three].amin(1).sum()) for three in others) >= 34


def test_known_pictures_are_not_representative_again() -> None:
    generator = tiny_generator()
    first = representative(GeneratorFeatures(generator), 2, 8, truncation=FULL)
    second = representative(
        GeneratorFeatures(generator), 6, 8, truncation=FULL, known=[p.picture for p in first]
    )
    assert {p.index for p in first} | {p.index for p in second} == set(range(8))
    with pytest.raises(BadOption, match="7 pictures of 6; expected 1 or more, and no more than candidates"):
        representative(GeneratorFeatures(generator), 7, 8, truncation=FULL, known=[p.picture for p in first])
    with pytest.raises(BadOption, match="0 pictures of 8; expected 1 or more"):
        representative(GeneratorFeatures(generator), 0, 8)
