from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.fitting.segmenter_folders import load_segmenter, save_segmenter
from partly.fewshot.segmenters.cnn_segmenter import DILATIONS, CNNSegmenter
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.kernel_segmenter import KernelSegmenter
from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter
from partly.fewshot.segmenters.pixel_coordinates import coordinates
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter, choose_levels
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.models.feature_pyramid import FeaturePyramid, Level
from tests.fewshot.segmenters.contract import CHANNELS, INDEXES, PARTS, SegmenterContract, pyramid


def ridge() -> RidgeSegmenter:
    segmenter = RidgeSegmenter(3, INDEXES, CHANNELS)
    segmenter.standardiser.estimate([pyramid().select(INDEXES)])
    segmenter.weight.data.normal_()
    return segmenter.eval().requires_grad_(False)


class TestRidge(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> FewShotSegmenter:
        return ridge()


class TestKernel(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> FewShotSegmenter:
        segmenter = KernelSegmenter(3, INDEXES, CHANNELS, n_cosines=30)
        segmenter.standardiser.estimate([pyramid().select(INDEXES)])
        segmenter.weight.data.normal_()
        return segmenter.eval().requires_grad_(False)


class TestMLP(SegmenterContract):
    @pytest.fixture(params=[(), (20,), (20, 7)])
    def segmenter(self, request: pytest.FixtureRequest) -> FewShotSegmenter:
        return MLPSegmenter(3, INDEXES, CHANNELS, request.param).eval().requires_grad_(False)


class TestCNN(SegmenterContract):
    @pytest.fixture(params=["S", "M", "L"])
    def segmenter(self, request: pytest.FixtureRequest) -> FewShotSegmenter:
        return CNNSegmenter(3, INDEXES, CHANNELS, request.param, 8, 6).eval().requires_grad_(False)


class TestEnsemble(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> FewShotSegmenter:
        return EnsembleSegmenter(
            [ridge(), MLPSegmenter(3, INDEXES, CHANNELS, (5,)).eval().requires_grad_(False)]
        )


def test_ridge_equals_a_linear_map_of_the_hypercolumn() -> None:
    segmenter = ridge()
    maps = segmenter.standardiser(pyramid().select(INDEXES).maps)
    dense = FeaturePyramid(tuple(maps)).hypercolumn(16)
    place = coordinates(16) * segmenter.coordinate_weight
    features = torch.cat((dense, place.expand(2, -1, -1, -1), torch.ones(2, 1, 16, 16)), dim=1)
    expected = torch.einsum("kd,bdhw->bkhw", segmenter.weight, features)
    torch.testing.assert_close(segmenter.scores(pyramid(), 16), expected, rtol=1e-4, atol=2e-5)


def test_ridge_rows_times_weights_are_its_scores() -> None:
    segmenter = ridge()
    rows = segmenter.rows(pyramid(), 16)
    scores = (rows @ segmenter.weight.T).unflatten(0, (2, 16, 16)).permute(0, 3, 1, 2)
    torch.testing.assert_close(segmenter.scores(pyramid(), 16), scores, rtol=1e-4, atol=2e-5)


def test_ridge_rows_average_finer_levels() -> None:
    segmenter = ridge()
    rows = segmenter.rows(pyramid(), 8).unflatten(0, (2, 8, 8))
    fine = segmenter.standardiser(pyramid().select(INDEXES).maps)[1]
    torch.testing.assert_close(rows[..., 6:10].permute(0, 3, 1, 2), torch.nn.functional.avg_pool2d(fine, 2))


@pytest.mark.parametrize("hidden", [(), (20,), (20, 7)])
def test_mlp_reads_points_as_it_reads_pictures(hidden: tuple[int, ...]) -> None:
    segmenter = MLPSegmenter(3, INDEXES, CHANNELS, hidden).eval()
    one = pyramid(1)
    ticks = (torch.arange(16) + 0.5) / 16 * 2 - 1
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    at_points = segmenter.at_points(one, torch.stack((x, y), -1).flatten(0, 1))
    whole = segmenter(one, 16)[0].flatten(1).T
    torch.testing.assert_close(at_points, whole, rtol=1e-4, atol=1e-5)


def test_mlp_first_layer_equals_a_linear_layer_on_the_hypercolumn() -> None:
    segmenter = MLPSegmenter(3, INDEXES, CHANNELS, ())
    first = segmenter.first
    dense = pyramid().select(INDEXES).hypercolumn(16)
    features = torch.cat((dense, coordinates(16).expand(2, -1, -1, -1)), 1)
    weight = torch.cat((*first.weights, first.place), 1)
    expected = torch.einsum("kd,bdhw->bkhw", weight, features) + first.bias[:, None, None]
    torch.testing.assert_close(segmenter(pyramid(), 16), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("size", "reach"), [("S", 7), ("M", 15), ("L", 31)])
def test_cnn_sees_as_far_as_its_dilations_reach(size: str, reach: int) -> None:
    assert sum(DILATIONS[size]) == reach
    segmenter = CNNSegmenter(2, (0,), (1,), size, 2, 2).eval()
    segmenter.first.place.data.zero_()
    for weights in (p for name, p in segmenter.named_parameters() if "standardiser" not in name):
        weights.data.fill_(1.0)  # no unit of a rectifier is shut, no product vanishes
    maps = torch.ones(1, 1, 65, 65, requires_grad=True)
    segmenter(FeaturePyramid((maps,)), 65)[0, 0, 32, 32].backward()
    assert maps.grad is not None
    seen = maps.grad[0, 0].nonzero()
    assert (seen - 32).abs().max() == reach


def test_ensemble_is_the_mean_of_soft_labels() -> None:
    members = [ridge(), ridge()]
    members[1].sharpness.fill_(3.0)
    ensemble = EnsembleSegmenter(members)
    mean = torch.stack([m(pyramid(), 16).softmax(1) for m in members]).mean(0)
    torch.testing.assert_close(ensemble(pyramid(), 16).softmax(1), mean)


def test_ensembles_of_nothing_or_of_different_part_sets_are_refused() -> None:
    with pytest.raises(BadOption, match="an ensemble of no segmenters"):
        EnsembleSegmenter([])
    with pytest.raises(BadOption, match="different numbers of parts"):
        EnsembleSegmenter([ridge(), MLPSegmenter(2, INDEXES, CHANNELS, ())])


def test_standardised_features_have_mean_zero_and_deviation_one() -> None:
    standardiser = Standardiser([3])
    maps = torch.randn(4, 3, 8, 8) * 5 + 2
    maps[:, 2] = 7.0
    standardiser.estimate([FeaturePyramid((maps[:1],)), FeaturePyramid((maps[1:],))])
    [out] = standardiser([maps])
    assert out.mean((0, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(
        out.std((0, 2, 3), correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("size_px", [64, 101])
def test_coordinates_are_standardised_whatever_the_size(size_px: int) -> None:
    flat = coordinates(size_px).flatten(1)
    assert flat.mean(1).abs().max() < 1e-3
    assert (flat.std(1) - 1).abs().max() < 5e-3


def test_choice_of_levels() -> None:
    levels = [Level("a", 4, 1), Level("b", 8, 1), Level("c", 8, 1)]
    assert choose_levels(levels, [8]) == (1, 2)
    with pytest.raises(BadOption, match=r"levels of \[5\] px; expected sizes among \[4, 8\]"):
        choose_levels(levels, [4, 5])
    with pytest.raises(BadOption, match="2 levels with 1 channel numbers"):
        RidgeSegmenter(2, (0, 1), (3,))


def test_unknown_family_is_refused(tmp_path: Path) -> None:
    save_segmenter(tmp_path, ridge(), PARTS, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["members"][0]["family"] = "oracle"
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match="segmenter of family 'oracle'; expected one of"):
        load_segmenter(tmp_path)


def test_cosines_of_a_kernel_are_nearly_a_gaussian() -> None:
    segmenter = KernelSegmenter(3, INDEXES, CHANNELS, n_cosines=20_000, frequency=0.8)
    rows = segmenter.rows(pyramid(1), 8)
    plain, cosines = rows.split([segmenter.n_plain, segmenter.n_cosines + 1], dim=1)
    found = cosines[:, :-1] @ cosines[:, :-1].T
    expected = (-torch.cdist(0.8 * plain, 0.8 * plain).square() / 2).exp()
    assert (found - expected).abs().max() < 0.05
    assert torch.equal(cosines[:, -1], torch.ones(64))


def test_a_kernel_learns_what_no_straight_line_divides() -> None:
    # A ring: far from the middle of two channels' values is one part, near it the other.
    values = torch.randn(1, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    ring = (values.square().sum(1) > 1.4)[0]
    label_map = ring.numpy().astype("uint8")
    found = {}
    for name, segmenter in (
        ("ridge", RidgeSegmenter(2, (0,), (2,), coordinate_weight=0.0)),
        ("kernel", KernelSegmenter(2, (0,), (2,), n_cosines=300)),
    ):
        fit = RidgeFit(segmenter, penalty=1e-3, grid_px=16)
        fit.add("one", FeaturePyramid((values,)), label_map)
        guessed = fit.solve()(FeaturePyramid((values,)), 16)[0].argmax(0)
        found[name] = float((guessed == ring).float().mean())
    assert found["kernel"] > 0.95
    assert found["ridge"] < 0.8
