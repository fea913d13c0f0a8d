from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel, BadOption
from partly.fewshot.features.generator_features import GeneratorFeatures, latent_of
from partly.fewshot.fitting.cell_targets import _pooled, labelled_points, shares
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig, GradientConfig
from partly.fewshot.fitting.gradient_fit import fit_by_gradient, part_factors
from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator

QUICK = FewShotConfig(
    n_statistics=4,
    n_self_training=2,
    penalty=0.1,
    gradient=GradientConfig(n_steps=30, n_points=128, size_px=32),
)


@pytest.fixture(scope="module")
def annotations() -> list[Annotation]:
    generator = tiny_generator()
    return [thing_annotation(generator, i) for i in range(5)]


def _agreement(segmenter: FewShotSegmenter, annotations: list[Annotation]) -> float:
    generator = tiny_generator()
    right = []
    for a in annotations:
        pyramid = generator.synthesise(latent_of(a, generator)).pyramid
        right.append((segmenter(pyramid, 64).argmax(1)[0].numpy() == a.label_map).mean())
    return float(np.mean(right))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_what_is_drawn(method: str, annotations: list[Annotation]) -> None:
    fitted = fit_few_shot(
        GeneratorFeatures(tiny_generator()), annotations[:4], TWO_PARTS, replace(QUICK, methods=(method,))
    )
    assert _agreement(fitted, annotations[:4]) > 0.8


def test_ensemble_of_methods(annotations: list[Annotation]) -> None:
    config = replace(QUICK, methods=("ridge", "mlp-0"))
    fitted = fit_few_shot(GeneratorFeatures(tiny_generator()), annotations[:1], TWO_PARTS, config)
    assert isinstance(fitted, EnsembleSegmenter)
    assert len(fitted.members) == 2


def test_fitting_twice_gives_the_same(annotations: list[Annotation]) -> None:
    for method in ("ridge", "cnn-s"):
        config = replace(QUICK, methods=(method,))
        first, second = (
            fit_few_shot(GeneratorFeatures(tiny_generator()), annotations[:1], TWO_PARTS, config)
            for _ in range(2)
        )
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
            assert torch.equal(a, b)


def test_random_numbers_of_the_caller_stay_as_they_are(annotations: list[Annotation]) -> None:
    before = torch.get_rng_state()
    fit_few_shot(
        GeneratorFeatures(tiny_generator()), annotations[:1], TWO_PARTS, replace(QUICK, methods=("mlp-0",))
    )
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_seeds_have_31_bits(seed: int) -> None:
    with pytest.raises(BadOption, match=f"seed is {seed}; expected 0 to 2147483647"):
        FewShotConfig(seed=seed)


def test_progress_is_told(annotations: list[Annotation]) -> None:
    told: list[tuple[str, int, int]] = []
    fit_few_shot(
        GeneratorFeatures(tiny_generator()),
        annotations[:1],
        TWO_PARTS,
        QUICK,
        lambda *args: told.append(args),
    )
    assert ("reading plain pictures", 4, 4) in told
    assert ("fitting ridge", 1, 1) in told
    assert ("learning from plain pictures", 2, 2) in told


def test_scribbles_are_valid_labels(annotations: list[Annotation]) -> None:
    scribbled = np.full_like(annotations[0].label_map, 255)
    for part in (0, 1):
        rows, columns = np.nonzero(annotations[0].label_map == part)
        scribbled[rows[::9], columns[::9]] = part
    sparse = replace(annotations[0], label_map=scribbled)
    fitted = fit_few_shot(GeneratorFeatures(tiny_generator()), [sparse], TWO_PARTS, QUICK)
    assert _agreement(fitted, annotations[:1]) > 0.8


def test_thin_scribbles_reach_a_cnn(annotations: list[Annotation]) -> None:
    thin = np.full((256, 256), 255, np.uint8)
    thin[1::2, 1] = 0
    thin[1::2, 201] = 1
    losses: list[float] = []
    generator = tiny_generator()
    whole = generator.synthesise(latent_of(annotations[0], generator)).pyramid
    channels = [level.n_channels for level in generator.levels]
    segmenter = CNNSegmenter(2, range(len(channels)), channels, "S", 8, 8)
    config = GradientConfig(n_steps=8, size_px=32, learning_rate=1e-2)
    fit_by_gradient(segmenter, lambda _i: whole, [thin], config, lambda _step, loss: losses.append(loss))
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_taking_a_picture_out_undoes_taking_it_in(annotations: list[Annotation]) -> None:
    generator = tiny_generator()
    channels = [level.n_channels for level in generator.levels]
    pyramids = [generator.synthesise(latent_of(a, generator)).pyramid for a in annotations[:2]]
    fit = RidgeFit(RidgeSegmenter(2, range(len(channels)), channels), grid_px=16)
    fit.add("a", pyramids[0], annotations[0].label_map)
    alone = fit.solve().weight.clone()
    fit.add("b", pyramids[1], annotations[1].label_map)
    assert not torch.allclose(fit.solve().weight, alone)
    fit.remove("b")
    assert fit.names == ("a",)
    assert torch.equal(fit.solve().weight, alone)
    assert torch.equal(fit.self_train([]).weight, alone)
    fit.remove("a")
    with pytest.raises(BadLabel, match="no annotation; expected at least one labelled picture"):
        fit.solve()


def test_unlabelled_picture_is_refused(annotations: list[Annotation]) -> None:
    generator = tiny_generator()
    channels = [level.n_channels for level in generator.levels]
    fit = RidgeFit(RidgeSegmenter(2, range(len(channels)), channels))
    pyramid = generator.synthesise(latent_of(annotations[0], generator)).pyramid
    with pytest.raises(BadLabel, match="picture 'x' has no labelled pixel"):
        fit.add("x", pyramid, np.full((64, 64), 255, np.uint8))


def test_shares_of_cells_against_counting() -> None:
    label_map = np.random.default_rng(0).choice(np.array([0, 1, 255], np.uint8), (12, 12))
    found = shares(label_map, 2, 4).unflatten(0, (4, 4))
    for row in range(4):
        for column in range(4):
            cell = label_map[row * 3 : row * 3 + 3, column * 3 : column * 3 + 3]
            expected = [float((cell == part).mean()) for part in (0, 1)]
            torch.testing.assert_close(found[row, column], torch.tensor(expected))


def test_small_label_maps_are_repeated() -> None:
    assert shares(np.array([[0, 1]], np.uint8), 2, 4).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]] * 4


@given(seed=st.integers(0, 10**6), cell_px=st.integers(1, 5), n_parts=st.integers(1, 6))
@settings(deadline=None, max_examples=30)
def test_counting_pixels_gives_what_pooling_planes_gives(seed: int, cell_px: int, n_parts: int) -> None:
    draws = np.random.default_rng(seed)
    label_map = draws.integers(0, n_parts + 1, (4 * cell_px, 4 * int(draws.integers(1, 6)))).astype(np.uint8)
    label_map[label_map == n_parts] = 255
    torch.testing.assert_close(shares(label_map, n_parts, 4), _pooled(label_map, n_parts, 4))


def test_cells_of_broken_sizes_overlap() -> None:
    label_map = np.array([[0, 1, 1]] * 3, np.uint8)
    half = [[0.5, 0.5], [0, 1], [0.5, 0.5], [0, 1]]
    assert shares(label_map, 2, 2).tolist() == half


def test_ids_of_no_part_have_no_shares() -> None:
    for size in (4, 6):
        with pytest.raises(ValueError, match="ids beyond those of 2 parts"):
            shares(np.full((size, size), 2, np.uint8), 2, 4)


def test_points_of_labelled_pixels() -> None:
    points, ids = labelled_points(np.array([[255, 1], [0, 255]], np.uint8))
    assert points.tolist() == [[0.5, -0.5], [-0.5, 0.5]]
    assert ids.tolist() == [1, 0]


def test_part_factors_are_one_on_average_and_nothing_for_absent_parts() -> None:
    label_map = np.array([[0] * 9 + [1]], np.uint8)
    factors = part_factors([label_map], 3, 0.5)
    assert float(factors[2]) == 0
    torch.testing.assert_close((factors[0] * 9 + factors[1]) / 10, torch.tensor(1.0))
    torch.testing.assert_close(factors[1] / factors[0], torch.tensor(3.0))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"generator_digest": "0" * 64}, r"belongs to generator 000000000000…; expected .*Use the generator"),
        ({"w": np.zeros((2, 8), np.float32)}, r"latent of shape \[2, 8\]; expected \[11, 8\]"),
        (
            {"w": None, "generator_digest": None, "photo": "a.jpg", "photo_sha256": "1" * 64},
            "belongs to a photo; expected a picture of the generator",
        ),
    ],
)
def test_annotations_of_something_else_are_refused(
    annotations: list[Annotation], change: dict[str, object], text: str
) -> None:
    with pytest.raises(BadLabel, match=text):
        fit_few_shot(
            GeneratorFeatures(tiny_generator()), [replace(annotations[0], **change)], TWO_PARTS, QUICK
        )


def test_sets_of_annotations_that_cannot_teach_are_refused(annotations: list[Annotation]) -> None:
    three = PartSet.from_names(("background", "thing", "other"))
    with pytest.raises(
        BadLabel, match=r"no picture has a pixel of other; expected every part .* Label a picture"
    ):
        fit_few_shot(GeneratorFeatures(tiny_generator()), annotations[:1], three, QUICK)
    with pytest.raises(BadLabel, match=r"no annotation; expected at least one\. Label a picture first"):
        fit_few_shot(GeneratorFeatures(tiny_generator()), [], TWO_PARTS, QUICK)
    with pytest.raises(BadLabel, match="annotation p0 is there twice; expected each id once"):
        fit_few_shot(GeneratorFeatures(tiny_generator()), [annotations[0]] * 2, TWO_PARTS, QUICK)


@pytest.mark.parametrize(
    "method", ["ridge", "kernel", "mlp-0", pytest.param("cnn-s", marks=pytest.mark.slow)]
)
def test_parts_without_a_label_may_be_missing(method: str, annotations: list[Annotation]) -> None:
    three = PartSet.from_names(("other", "background", "thing"))
    moved = [replace(a, label_map=a.label_map + np.uint8(1)) for a in annotations[:4]]
    # One part more takes more steps to learn.
    gradient = replace(QUICK.gradient, n_steps=120)
    config = replace(QUICK, methods=(method,), gradient=gradient, allow_missing_parts=True)
    for layout_spread in (None, config.layout_spread):
        fitted = fit_few_shot(
            GeneratorFeatures(tiny_generator()), moved, three, replace(config, layout_spread=layout_spread)
        )
        assert _agreement(fitted, moved) > 0.75
        plain = tiny_generator().synthesise(latent_of(annotations[4], tiny_generator())).pyramid
        assert fitted(plain, 64).softmax(1)[:, 0].max() < 1e-6


def test_one_part_with_a_label_is_not_enough(annotations: list[Annotation]) -> None:
    alone = replace(annotations[0], label_map=np.zeros_like(annotations[0].label_map))
    config = replace(QUICK, allow_missing_parts=True)
    with pytest.raises(BadLabel, match=r"no picture has a pixel of thing; expected two parts or more"):
        fit_few_shot(GeneratorFeatures(tiny_generator()), [alone], TWO_PARTS, config)


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(
        BadOption, match="methods is forest; expected one or several of ridge, kernel, photo-ridge"
    ):
        FewShotConfig(methods=("forest",))
    with pytest.raises(BadOption, match="methods is empty; expected one or several of ridge"):
        FewShotConfig(methods=())
