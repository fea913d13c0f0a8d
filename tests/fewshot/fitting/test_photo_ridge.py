"""Ridge regression for features of photos: what of other photos it learns from."""

from __future__ import annotations

import pytest
import torch

from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.ridge_fit import RidgeFit, SelfTraining, _surest
from partly.fewshot.segmenters.normal_equations import normal_equations, part_weights
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models.feature_pyramid import FeaturePyramid


def photo(seed: int) -> FeaturePyramid:
    return FeaturePyramid((torch.randn(1, 5, 8, 8, generator=torch.Generator().manual_seed(seed)),))


def fitted() -> RidgeFit:
    fit = RidgeFit(RidgeSegmenter(2, [0], [5], 0.0), 0.3, 0.75, 8, penalty_power=0.0)
    label_map = torch.zeros(8, 8, dtype=torch.uint8)
    label_map[photo(0).maps[0][0, 0] > 0] = 1
    fit.add("a", photo(0), label_map.numpy())
    fit.solve()
    return fit


def test_the_surest_cells_of_each_part_are_kept() -> None:
    features = torch.arange(8.0)[:, None]
    weight = torch.tensor([[0.0], [1.0]])
    lie = torch.tensor([[2.5, 0.0]]).expand(8, 2)
    # Scores 2.5 and x: cells 0 to 2 are of part 0, most surely 0; 3 to 7 of part 1, most surely 7.
    kept, parts = _surest(features, weight, lie, SelfTraining(surest=0.4))
    assert kept[:, 0].tolist() == [0, 7, 6]
    assert parts.tolist() == [0, 1, 1]
    kept, parts = _surest(features, weight, lie, SelfTraining(surest=1.0, every=3))
    assert sorted(kept[:, 0].tolist()) == [0, 3, 6]


def test_self_training_is_one_more_solution_with_pseudo_labels() -> None:
    fit = fitted()
    before, how = fit.segmenter.weight.clone(), SelfTraining(0.5, 1.0, surest=0.5)
    labelled = fit._total()
    expected = labelled.scaled(0.5 / labelled.weight)
    for seed in (1, 2):
        rows = fit.segmenter.rows(photo(seed), 8)
        scores = rows @ before.T
        parts, margins = scores.argmax(1), (scores[:, 0] - scores[:, 1]).abs()
        kept = torch.cat(
            [
                (parts == part).nonzero()[:, 0][margins[parts == part].argsort(descending=True)]
                for part in (0, 1)
            ]
        )
        n = [int((parts == part).sum()) for part in (0, 1)]
        kept = torch.cat([kept[: n[0] // 2], kept[n[0] : n[0] + n[1] // 2]])
        targets = torch.nn.functional.one_hot(parts[kept], 2).float()
        sums = normal_equations(rows[kept], targets, part_weights(targets, 0.75))
        expected = expected + sums.scaled(0.25 / sums.weight)
    fit.self_train([photo(1), photo(2)], how)
    penalties = torch.full((fit.segmenter.n_features,), 0.3)
    penalties[-1] = 1e-6
    torch.testing.assert_close(fit.segmenter.weight, expected.solve(penalties).T, atol=1e-5, rtol=1e-4)


def test_its_penalty_and_coordinates_are_its_own() -> None:
    method = METHODS["photo-ridge"]
    segmenter = method.untrained(2, [0], [5], FewShotConfig())
    assert isinstance(segmenter, RidgeSegmenter)
    assert segmenter.coordinate_weight == 0
    fit = method.running_fit(segmenter, FewShotConfig(), 8)
    label_map = torch.zeros(8, 8, dtype=torch.uint8).numpy()
    for seed in range(4):
        fit.add(str(seed), photo(seed), label_map)
        assert fit._penalty == pytest.approx((seed + 1) ** -0.5)
    assert method.running_fit(segmenter, FewShotConfig(penalty=2.0), 8).penalty == 2
