from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.errors import BadLabel
from partly.fewshot.features.generator_features import latent_of
from partly.fewshot.fitting import ridge_fit as fitting
from partly.fewshot.fitting.cell_targets import shares
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.fitting.ridge_rows import PictureRows, renumbered
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from tests.fakes import thing_annotation, tiny_generator

GRID = 32


@pytest.fixture(scope="module")
def annotations() -> list[Annotation]:
    return [thing_annotation(tiny_generator(), i) for i in range(3)]


class Pictures:
    """Rows of labelled pictures for a fit that is not standardised."""

    def __init__(self, annotations: list[Annotation]) -> None:
        generator = tiny_generator()
        self.channels = [level.n_channels for level in generator.levels]
        self.pyramids = [generator.synthesise(latent_of(a, generator)).pyramid for a in annotations]
        self.maps = [a.label_map for a in annotations]
        fit = self.fit()
        self.rows = [fit.segmenter.rows(p, GRID) for p in self.pyramids]

    def fit(self, n_parts: int = 2) -> RidgeFit:
        return RidgeFit(RidgeSegmenter(n_parts, range(len(self.channels)), self.channels), 0.1, grid_px=GRID)

    def covered(self, i: int, part: Callable[[np.ndarray], np.ndarray] = lambda m: m) -> torch.Tensor:
        return shares(part(self.maps[i]), 2, GRID)


@pytest.fixture(scope="module")
def pictures(annotations: list[Annotation]) -> Pictures:
    return Pictures(annotations)


def _lower(n_rows: int, step: int = 1) -> Callable[[np.ndarray], np.ndarray]:
    def part(label_map: np.ndarray) -> np.ndarray:
        sparse = np.full_like(label_map, 255)
        sparse[:n_rows:step, ::step] = label_map[:n_rows:step, ::step]
        return sparse

    return part


def test_rows_at_hand_are_worth_a_picture_taken_in(pictures: Pictures) -> None:
    whole, rows = pictures.fit(), pictures.fit()
    for i in range(3):
        whole.add(str(i), pictures.pyramids[i], pictures.maps[i])
        rows.add_rows(str(i), pictures.rows[i], pictures.covered(i))
    assert torch.equal(whole.solve().weight, rows.solve().weight)
    assert torch.equal(whole.segmenter.sharpness, rows.segmenter.sharpness)
    assert [p.at_hand for p in rows._known.values()] == [False, False, True]


def test_refits_by_a_guide_are_near_to_solving_anew(pictures: Pictures) -> None:
    fit, anew = pictures.fit(), pictures.fit()
    fit.add_rows("before", pictures.rows[1], pictures.covered(1))
    fit.add_rows("painted", pictures.rows[0], pictures.covered(0, _lower(30)))
    fit.refit()
    guide = fit._guide
    assert guide is not None
    for n_rows in (32, 34, 36):
        fit.add_rows("painted", pictures.rows[0], pictures.covered(0, _lower(n_rows)))
        fit.refit()
    assert fit._guide is guide, "no matrix was factored again"
    assert fit._known["painted"]._sums is None, "no matrix of the painted picture was formed"
    anew.add_rows("before", pictures.rows[1], pictures.covered(1))
    anew.add_rows("painted", pictures.rows[0], pictures.covered(0, _lower(36)))
    torch.testing.assert_close(fit.segmenter.weight, anew.solve().weight, rtol=3e-3, atol=1e-3)
    torch.testing.assert_close(fit.solve().weight, anew.segmenter.weight)


def test_an_old_guide_is_replaced(pictures: Pictures) -> None:
    fit = pictures.fit()
    fit.add_rows("painted", pictures.rows[0], pictures.covered(0))
    fit.refit()
    first = fit._guide
    assert first is not None
    first.is_old = True
    fit.refit()
    assert fit._guide is not first
    second = fit._guide
    fit.add_rows("another", pictures.rows[1], pictures.covered(1))
    fit.refit()
    assert fit._guide is not second, "more labels need another penalty"


def test_a_guide_of_no_use_is_replaced_at_once(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = pictures.fit()
    fit.add_rows("painted", pictures.rows[0], pictures.covered(0))
    fit.refit()
    first = fit._guide
    monkeypatch.setattr(fitting, "improved", lambda *_: None)
    fit.refit()
    assert fit._guide is not first


def test_few_rows_are_kept_and_solved_in_the_dual_form(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, primal = pictures.fit(), pictures.fit()
    for one in (fit, primal):
        for i in range(2):
            one.add(str(i), pictures.pyramids[i], _lower(64, 16)(pictures.maps[i]))
    assert all(p.has_rows and not p.at_hand and p._sums is None for p in fit._known.values())
    dual = fit.solve()
    monkeypatch.setattr(fitting, "_DUAL_SHARE", 0.0)
    torch.testing.assert_close(dual.weight, primal.solve().weight, rtol=1e-3, atol=1e-4)
    assert torch.equal(dual.sharpness, primal.segmenter.sharpness)


def test_a_part_wiped_off_loses_its_weights(pictures: Pictures) -> None:
    fit = pictures.fit()
    fit.add_rows("painted", pictures.rows[0], pictures.covered(0))
    fit.refit()
    without = pictures.covered(0)
    without[:, 1] = 0
    fit.add_rows("painted", pictures.rows[0], without)
    assert (fit.refit().weight[1] == 0).all()


def test_sums_of_settled_pictures_follow_what_is_taken_out(pictures: Pictures) -> None:
    fit, other = pictures.fit(), pictures.fit()
    for i in range(3):
        fit.add_rows(str(i), pictures.rows[i], pictures.covered(i))
        fit.refit()
    fit.remove("0")
    fit.refit()
    fit.add_rows("2", pictures.rows[2], pictures.covered(2, _lower(60)))
    fit.refit()
    other.add_rows("1", pictures.rows[1], pictures.covered(1))
    other.add_rows("2", pictures.rows[2], pictures.covered(2, _lower(60)))
    torch.testing.assert_close(fit.segmenter.weight, other.solve().weight, rtol=3e-3, atol=1e-3)


def test_the_sharpness_is_that_of_the_lowest_loss(pictures: Pictures) -> None:
    fit = pictures.fit()
    fit.add("a", pictures.pyramids[0], pictures.maps[0])
    segmenter = fit.solve()
    features, targets, weights = fit._known["a"].sample()
    scores = features @ segmenter.weight.T
    factors = torch.logspace(0, 2, 41)
    losses = [-(weights @ (targets * (f * scores).log_softmax(1)).sum(1)) for f in factors]
    assert segmenter.sharpness == factors[int(torch.stack(losses).argmin())]


def test_settled_pictures_have_no_features(pictures: Pictures) -> None:
    picture = PictureRows.of(pictures.rows[0], pictures.covered(0), 0.5)
    picture.settle(0)
    assert not picture.has_rows
    with pytest.raises(RuntimeError, match="the features of this picture are not kept any more"):
        picture.labelled()
    with pytest.raises(BadLabel, match="no annotation"):
        pictures.fit().refit()


def test_other_numbers_for_the_same_parts(pictures: Pictures) -> None:
    fit, fresh = pictures.fit(), pictures.fit(4)
    fit.add("0", pictures.pyramids[0], pictures.maps[0])
    fit.add_rows("1", pictures.rows[1], pictures.covered(1))
    before = fit.solve()
    fit.renumber(pictures.fit(4).segmenter, [3, 1])
    assert torch.equal(fit.segmenter.weight[[3, 1]], before.weight)
    for i in range(2):
        fresh.add(str(i), pictures.pyramids[i], np.where(pictures.maps[i] == 1, 1, 3).astype(np.uint8))
    torch.testing.assert_close(fit.solve().weight, fresh.solve().weight)


def test_columns_that_become_one_are_added() -> None:
    columns = torch.tensor([[1.0, 2, 4]])
    assert renumbered(columns, [1, 1, None], 3).tolist() == [[0, 3, 0]]
