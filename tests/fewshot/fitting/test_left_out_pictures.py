"""How good the labels are: against refits without each picture, and against counting pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import UNLABELLED, PartSet
from partly.errors import BadLabel
from partly.fewshot.features.feature_source import plain_pyramids
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.features.kept_pyramids import KeptPyramids
from partly.fewshot.fitting.cell_targets import shares
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.label_quality import LabelQuality, PartQuality
from partly.fewshot.fitting.left_out_pictures import half_agreement, left_out_iou
from partly.fewshot.fitting.part_overlaps import Overlaps
from partly.fewshot.fitting.quality_from_labels import quality_of_labels
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models.feature_pyramid import FeaturePyramid
from tests.fakes import thing_annotation, tiny_generator

PX = 64
PARTS = PartSet.from_names(("background", "thing", "corner"))
QUICK = FewShotConfig(n_statistics=4, n_self_training=0, allow_missing_parts=True)


@pytest.fixture(scope="module")
def source() -> GeneratorFeatures:
    return GeneratorFeatures(tiny_generator())


@pytest.fixture(scope="module")
def annotations() -> list[Annotation]:
    """Four pictures with "thing"; the first two have a corner of a third part."""
    found = [thing_annotation(tiny_generator(), i) for i in range(4)]
    for annotation, side in zip(found, (20, 30), strict=False):
        annotation.label_map[:side, :side] = 2
    return found


def scribbled(annotation: Annotation, step: int) -> Annotation:
    """Every so many rows and columns of it; the rest is unlabelled."""
    sparse = np.full_like(annotation.label_map, UNLABELLED)
    sparse[::step, ::step] = annotation.label_map[::step, ::step]
    return replace(annotation, label_map=sparse)


def counted(pairs: Sequence[tuple[np.ndarray, np.ndarray]], n_parts: int = 3) -> list[float]:
    """Pooled IoU of predictions and labels, pixel by pixel, where there are labels."""
    hits, unions = np.zeros(n_parts), np.zeros(n_parts)
    for predicted, label_map in pairs:
        labelled = label_map != UNLABELLED
        for part in range(n_parts):
            given, there = (predicted == part) & labelled, label_map == part
            hits[part] += (given & there).sum()
            unions[part] += (given | there).sum()
    return [float(hit / union) if union else float("nan") for hit, union in zip(hits, unions, strict=True)]


def by_refitting(
    source: GeneratorFeatures, annotations: list[Annotation], config: FewShotConfig
) -> list[float]:
    """Pooled IoU of each part, by fitting as often as there are pictures."""
    pairs = []
    for left_out in annotations:
        others = [one for one in annotations if one is not left_out]
        segmenter = fit_few_shot(source, others, PARTS, config)
        predicted = segmenter(source.pyramid(left_out, PX), PX)[0].argmax(0).numpy()
        shown = np.unique(np.concatenate([one.label_map.ravel() for one in others]))
        known = np.where(np.isin(left_out.label_map, shown), left_out.label_map, UNLABELLED)
        pairs.append((predicted, known))
    return counted(pairs)


def ious(quality: LabelQuality) -> list[float]:
    return [float("nan") if part.iou is None else part.iou for part in quality.parts]


@pytest.mark.parametrize("config", [QUICK, replace(QUICK, methods=("photo-ridge",), fixed_layout=False)])
def test_left_out_pictures_are_as_in_fits_without_them(
    source: GeneratorFeatures, annotations: list[Annotation], config: FewShotConfig
) -> None:
    quality = quality_of_labels(source, annotations, PARTS, config)
    assert ious(quality) == pytest.approx(by_refitting(source, annotations, config), abs=1e-4)
    assert [(part.measure, part.n_pictures) for part in quality.parts] == [
        ("left out", 4),
        ("left out", 4),
        ("left out", 2),
    ]
    assert quality.n_labelled == 4
    assert quality.mean_iou == pytest.approx(np.mean(ious(quality)))


def test_ensembles_are_left_out_as_one(source: GeneratorFeatures, annotations: list[Annotation]) -> None:
    config = replace(QUICK, methods=("ridge", "kernel"), layout_spread=0.3)
    some = [scribbled(one, 5) for one in annotations[:2]]
    both = ious(quality_of_labels(source, some, PARTS, config))
    assert both == pytest.approx(by_refitting(source, some, config), abs=1e-4)
    assert both != ious(quality_of_labels(source, some, PARTS, replace(config, methods=("ridge",))))


def test_of_scribbles_the_labelled_pixels_count(
    source: GeneratorFeatures, annotations: list[Annotation]
) -> None:
    # 16 rows of the first are few enough for the dual form; those of all four are not.
    scribbles = [scribbled(one, step) for one, step in zip(annotations, (16, 3, 1, 5), strict=True)]
    quality = quality_of_labels(source, scribbles, PARTS, QUICK)
    assert ious(quality) == pytest.approx(by_refitting(source, scribbles, QUICK), abs=1e-4)
    few = [scribbled(one, 16) for one in annotations]
    assert ious(quality_of_labels(source, few, PARTS, QUICK)) == pytest.approx(
        by_refitting(source, few, QUICK), abs=1e-4
    )


def test_a_part_on_one_picture_has_no_iou(source: GeneratorFeatures, annotations: list[Annotation]) -> None:
    three = annotations[1:]
    quality = quality_of_labels(source, three, PARTS, QUICK)
    corner = quality.parts[2]
    assert corner.measure == "two halves"
    assert corner.says == "agreement of two halves of the features on 12 other pictures"
    # Its cells count against nobody, since the others cannot know it.
    assert ious(quality)[:2] == pytest.approx(by_refitting(source, three, QUICK)[:2], abs=1e-4)
    assert quality.worst in quality.parts[:2], "agreement is not compared with IoU"


def test_of_one_label_two_halves_of_the_features_are_compared(
    source: GeneratorFeatures, annotations: list[Annotation]
) -> None:
    config = replace(QUICK, fixed_layout=False)
    quality = quality_of_labels(source, annotations[:1], PARTS, config)
    assert [part.measure for part in quality.parts] == ["two halves"] * 3
    assert quality.mean_iou is None
    segmenter = fit_few_shot(source, annotations[:1], PARTS, config)
    assert isinstance(segmenter, RidgeSegmenter)
    rows = segmenter.rows(source.pyramid(annotations[0], PX), PX)
    weights = [_half_solved(rows, annotations[0], start) for start in (0, 1)]
    pairs = []
    for pyramid in plain_pyramids(source, 12, segmenter.level_indexes):
        features = segmenter.rows(pyramid, PX)
        first, second = ((features @ weight).argmax(1).numpy() for weight in weights)
        pairs.append((first, second))
    assert ious(quality) == pytest.approx(counted(pairs), abs=2e-3)


def _half_solved(rows: torch.Tensor, annotation: Annotation, start: int) -> torch.Tensor:
    """Weights ``[d, k]`` of ridge regression on every other feature, position and bias, without a sum."""
    n_features = rows.shape[1]
    columns = sorted({*range(start, n_features, 2), *range(n_features - 6, n_features)})
    x = rows[:, columns].double()
    ids = torch.from_numpy(annotation.label_map.ravel().astype(np.int64))
    y = torch.nn.functional.one_hot(ids, 3).double()
    weights = (y @ y.sum(0) ** -0.5).sqrt()[:, None]
    penalties = torch.full((len(columns),), 3.0).double()
    penalties[-1] = 1e-6
    total = weights.square().sum()
    stacked = torch.cat([x * weights, (penalties * total).sqrt().diag()])
    wanted = torch.cat([y * weights, torch.zeros(len(columns), 3).double()])
    solved = torch.zeros(n_features, 3)
    solved[columns] = torch.linalg.lstsq(stacked, wanted).solution.float()
    return solved


def test_what_cannot_be_told_is_said(source: GeneratorFeatures, annotations: list[Annotation]) -> None:
    networks = quality_of_labels(source, annotations, PARTS, replace(QUICK, methods=("ridge", "mlp-1")))
    assert str(networks) == (
        "not told for mlp-1: to leave each picture out, it would have to be trained as often as there are "
        "pictures (told for: ridge, kernel, photo-ridge)"
    )
    assert networks.worst is None
    more = PartSet.from_names(("background", "thing", "corner", "tail"))
    quality = quality_of_labels(source, annotations, more, QUICK)
    assert quality.parts[3] == PartQuality("tail", "nothing", None, 0)
    assert quality.lines[3] == "tail           -  not defined: no label shows it"
    with pytest.raises(BadLabel, match="no annotation; expected at least one"):
        quality_of_labels(source, [], PARTS, QUICK)


def test_a_picture_whose_parts_no_other_tells_apart_is_left_out(
    source: GeneratorFeatures, annotations: list[Annotation]
) -> None:
    alone = replace(annotations[2], label_map=np.where(annotations[2].label_map == 1, 1, UNLABELLED))
    quality = quality_of_labels(
        source, [annotations[3], replace(alone, label_map=alone.label_map.astype(np.uint8))], PARTS
    )
    # The second picture knows "thing" alone, so the first says nothing about how well background is found.
    assert [part.measure for part in quality.parts] == ["two halves", "left out", "nothing"]


def test_measuring_can_be_stopped(source: GeneratorFeatures, annotations: list[Annotation]) -> None:
    channels = [level.n_channels for level in source.levels]
    fit = RidgeFit(RidgeSegmenter(3, range(len(channels)), channels))
    pyramids = {one.id: source.pyramid(one, PX) for one in annotations}
    covered = {one.id: shares(one.label_map, 3, PX) for one in annotations}
    for one in annotations:
        fit.add(one.id, pyramids[one.id], one.label_map)
    asked: list[str] = []

    def pyramid_of(name: str) -> FeaturePyramid:
        asked.append(name)
        return pyramids[name]

    assert left_out_iou([fit], covered, pyramid_of, should_stop=lambda: len(asked) == 2) is None
    assert asked == [one.id for one in annotations[:2]]
    assert half_agreement([fit], covered, pyramids.values(), should_stop=lambda: True) is None
    weight = fit.solve().weight.clone()
    assert left_out_iou([fit], covered, pyramid_of) is not None
    assert torch.equal(fit.segmenter.weight, weight), "the fit itself stays as it is"


def test_overlaps_are_those_of_labelled_pixels() -> None:
    draws = np.random.default_rng(0)
    label_map = draws.choice([0, 1, 2, UNLABELLED], (32, 32)).astype(np.uint8)
    cells = draws.integers(0, 3, (8, 8))
    found = Overlaps.of(torch.from_numpy(cells).flatten(), shares(label_map, 3, 8))
    assert found.iou.tolist() == pytest.approx(counted([(cells.repeat(4, 0).repeat(4, 1), label_map)]))
    both = found + Overlaps.of(torch.zeros(64, dtype=torch.int64), torch.eye(3)[[0] * 64])
    assert both.n_shown.tolist() == [2, 1, 1]


def test_pyramids_are_kept_while_there_is_room() -> None:
    made: list[str] = []

    def make(name: str) -> FeaturePyramid:
        made.append(name)
        return FeaturePyramid((torch.zeros(1, 4, 2, 2),))

    kept = KeptPyramids(make, most_bytes=2 * 64)
    for name in "abaca":
        kept(name)
    assert made == ["a", "b", "c"]
    kept("b")
    assert made == ["a", "b", "c", "b"], "it was not asked for the longest time"
    kept.forget("b")
    kept.forget("never seen")
    kept("b")
    assert made == ["a", "b", "c", "b", "b"]
    small = KeptPyramids(make, most_bytes=1)
    assert small("a") is small("a"), "one is kept, whatever it takes"


def test_figures_are_told_by_part() -> None:
    quality = LabelQuality(
        (
            PartQuality("background", "left out", 0.914, 3),
            PartQuality("head", "left out", 0.62, 1),
            PartQuality("tail", "two halves", 0.41, 12),
            PartQuality("hoof", "nothing", None, 1),
        ),
        3,
    )
    assert quality.lines == (
        "background    91  IoU on 3 pictures left out of the fit, one at a time",
        "head          62  IoU on 1 picture left out of the fit, one at a time",
        "tail          41  agreement of two halves of the features on 12 other pictures",
        "hoof           -  not defined: 1 picture with it, and not found on others",
    )
    assert quality.worst is quality.parts[1]
    assert quality.mean_iou == pytest.approx((0.914 + 0.62) / 2)
    assert LabelQuality.from_json(quality.to_json()) == quality
    one_label = LabelQuality(quality.parts[2:], 1)
    assert one_label.worst is one_label.parts[0]
    assert one_label.mean_iou is None
