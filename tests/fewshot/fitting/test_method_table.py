"""The table of few-shot methods: what every method in it must do, and that a new one is a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.few_shot_method import FewShotMethod
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig, GradientConfig
from partly.fewshot.fitting.method_table import METHODS, families, live_method
from partly.fewshot.fitting.ridge_methods import RidgeMethod
from partly.fewshot.fitting.segmenter_folders import load_segmenter, save_segmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.studio.live.live_segmenter import LiveSegmenter
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator
from tests.fewshot.segmenters.contract import CHANNELS, INDEXES, SegmenterContract, pyramid

QUICK = FewShotConfig(
    n_statistics=2, n_self_training=2, gradient=GradientConfig(n_steps=2, n_points=32, size_px=16)
)


class TestContract(SegmenterContract):
    """Of the segmenters of every method of the table."""

    @pytest.fixture(params=METHODS)
    def segmenter(self, request: pytest.FixtureRequest) -> FewShotSegmenter:
        torch.manual_seed(0)
        segmenter = METHODS[request.param].untrained(3, INDEXES, CHANNELS, FewShotConfig())
        assert type(segmenter) is METHODS[request.param].segmenter_class()
        standardiser = Standardiser(CHANNELS)
        standardiser.estimate([pyramid().select(INDEXES)])
        segmenter.standardise_as(standardiser)
        if isinstance(segmenter, RidgeSegmenter):
            segmenter.weight.data.normal_()
        return segmenter.eval().requires_grad_(False)


class MirrorSegmenter(RidgeSegmenter):
    """Says of a picture what ridge regression says of its mirror image."""

    def scores(self, pyramid, size_px):  # type: ignore[no-untyped-def]
        """Those of plain ridge regression, mirrored."""
        return super().scores(pyramid, size_px).flip(-1)


@dataclass(frozen=True)
class MirrorMethod(RidgeMethod):
    family: ClassVar[str] = "mirror"

    def segmenter_class(self) -> type[FewShotSegmenter]:
        return MirrorSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        return MirrorSegmenter(n_parts, level_indexes, n_channels)


@pytest.fixture
def annotation() -> Annotation:
    return thing_annotation(tiny_generator(), 0)


def test_a_new_method_is_one_line(
    annotation: Annotation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "mirror", MirrorMethod())
    config = FewShotConfig(methods=("mirror",), n_statistics=2, layout_spread=None)
    fitted = fit_few_shot(GeneratorFeatures(tiny_generator()), [annotation], TWO_PARTS, config)
    assert isinstance(fitted, MirrorSegmenter)
    save_segmenter(tmp_path, fitted, TWO_PARTS, {})
    loaded, part_set, card = load_segmenter(tmp_path)
    assert isinstance(loaded, MirrorSegmenter)
    assert part_set == TWO_PARTS
    assert [member["family"] for member in card.arguments["members"]] == ["mirror"]
    assert annotation.w is not None
    whole = tiny_generator().synthesise(torch.from_numpy(annotation.w)[None]).pyramid
    assert torch.equal(loaded(whole, 32), fitted(whole, 32))


def test_a_new_method_follows_the_brush(annotation: Annotation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert annotation.w is not None
    said = {}
    monkeypatch.setitem(METHODS, "mirror", MirrorMethod())
    for method in ("ridge", "mirror"):
        config = FewShotConfig(methods=("mlp-0", method), layout_spread=None)
        live = LiveSegmenter(GeneratorFeatures(tiny_generator()), TWO_PARTS, config, n_wall=2)
        live.warm_up()
        live.learn(annotation, annotation.label_map)
        assert live.solve()
        said[method] = live.predict(annotation.id).labels
    assert (said["mirror"] == said["ridge"][:, ::-1]).all()


def test_methods_that_are_not_live_say_so() -> None:
    assert live_method(("cnn-s", "kernel", "ridge")) is METHODS["kernel"]
    assert live_method(("cnn-s",)) is METHODS["ridge"]
    live = {name for name, method in METHODS.items() if method.is_live}
    assert live == {"ridge", "kernel", "photo-ridge"}
    segmenter = METHODS["mlp-0"].untrained(2, INDEXES, CHANNELS, QUICK)
    with pytest.raises(NotImplementedError, match="MLPMethod cannot follow the brush"):
        METHODS["mlp-0"].running_fit(segmenter, QUICK, 8)


def test_methods_refuse_segmenters_of_another_class() -> None:
    segmenter = METHODS["mlp-0"].untrained(2, INDEXES, CHANNELS, QUICK)
    with pytest.raises(TypeError, match="ridge regression of a MLPSegmenter"):
        METHODS["ridge"].running_fit(segmenter, QUICK, 8)


@pytest.mark.parametrize(("method", "weight"), [("ridge", 10.0), ("mlp-0", 1.0), ("cnn-s", 1.0)])
def test_what_the_config_leaves_open_is_the_methods_own(method: str, weight: float) -> None:
    own = METHODS[method].untrained(2, INDEXES, CHANNELS, FewShotConfig())
    given = METHODS[method].untrained(2, INDEXES, CHANNELS, FewShotConfig(coordinate_weight=3.0))
    assert (own.arguments()["coordinate_weight"], given.arguments()["coordinate_weight"]) == (weight, 3.0)


@pytest.mark.parametrize(("method", "penalty"), [("ridge", 3.0), ("kernel", 2e-3)])
def test_every_method_has_its_own_penalty(method: str, penalty: float) -> None:
    segmenter = METHODS[method].untrained(2, INDEXES, CHANNELS, QUICK)
    own = METHODS[method].running_fit(segmenter, FewShotConfig(), 8)
    given = METHODS[method].running_fit(segmenter, FewShotConfig(penalty=7.0, balance=0.25), 8)
    assert (own.penalty, own.balance) == (penalty, 0.5)
    assert (given.penalty, given.balance) == (7.0, 0.25)


def test_segmenters_of_one_class_are_one_family() -> None:
    classes = families()
    assert list(classes) == ["ridge", "kernel", "mlp", "cnn", "head"]
    assert all(classes[method.family] is method.segmenter_class() for method in METHODS.values())
    assert all(isinstance(method, FewShotMethod) for method in METHODS.values())
