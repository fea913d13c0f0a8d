"""How good a segmenter is, told from the labels that it is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from partly.data.labels import Annotation, PartSet
from partly.fewshot.features.feature_source import FeatureSource, at_most, plain_pyramids, pyramid_of
from partly.fewshot.features.kept_pyramids import KeptPyramids
from partly.fewshot.fitting.cell_targets import shares
from partly.fewshot.fitting.few_shot_method import OnProgress
from partly.fewshot.fitting.fit_few_shot_segmenter import usual_config
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.label_quality import LabelQuality
from partly.fewshot.fitting.left_out_pictures import (
    LayoutOf,
    half_agreement,
    left_out_iou,
    needs_halves,
    quality_by_part,
)
from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.fitting.ridge_methods import counted
from partly.fewshot.fitting.spatial_prior import layout_of_shares
from partly.fewshot.fitting.teacher import Teacher, fit_teacher
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX, FewShotSegmenter
from partly.models.generators import Generator

# As good as 24 for the order of parts and of labels (docs/lab.md).
_N_OTHERS = 12


def quality_of_labels(
    source: FeatureSource | Generator,
    annotations: Sequence[Annotation],
    part_set: PartSet,
    config: FewShotConfig | None = None,
    on_progress: OnProgress | None = None,
) -> LabelQuality:
    """How good the segmenter of these annotations is, told from them alone; see :class:`LabelQuality`.

    Args:
        source: makes the features; a generator stands for its activations.
        annotations: one or more; parts may be without a label.
        part_set: what the ids of the label maps mean.
        config: which segmenter, how; the best known one by default. It is measured without self-training, and
            before small parts are raised.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadLabel: annotations are missing, of another source, or have fewer than two parts.
    """
    config = replace(config or usual_config(source), n_self_training=0, allow_missing_parts=True)
    if problem := why_not_told(config):
        return LabelQuality.unknown(part_set.names, len(annotations), problem)
    teacher = fit_teacher(source, annotations, part_set, config, on_progress)
    return measured_quality(teacher, config, on_progress)


def why_not_told(config: FewShotConfig) -> str | None:
    """Why the quality of such segmenters cannot be told from their labels; None where it can."""
    others = [name for name in config.methods if not METHODS[name].is_live]
    if not others:
        return None
    able = ", ".join(name for name, method in METHODS.items() if method.is_live)
    return (
        f"not told for {', '.join(others)}: to leave each picture out, it would have to be trained as often "
        f"as there are pictures (told for: {able})"
    )


def measured_quality(
    teacher: Teacher, config: FewShotConfig, on_progress: OnProgress | None = None
) -> LabelQuality:
    """As :func:`quality_of_labels`, for a teacher with its source and annotations, fitted with these choices.

    Mean and deviation of the features stay those of the teacher.

    Raises:
        BadPhoto: a photo cannot be read.
    """
    annotations, part_set, source = teacher.annotations, teacher.part_set, teacher.source
    if source is None or not annotations:
        raise ValueError("a teacher without its source or annotations")
    if problem := why_not_told(config):
        return LabelQuality.unknown(part_set.names, len(annotations), problem)
    by_id = {annotation.id: annotation for annotation in annotations}
    covered = {
        id: shares(source.seen(annotation.label_map), part_set.n_parts, LAYOUT_PX)
        for id, annotation in by_id.items()
    }
    covered = {id: shown for id, shown in covered.items() if shown.any()}
    fits = _begun(teacher.segmenter, config)
    levels = range(max(teacher.segmenter.level_indexes) + 1)
    pyramids = KeptPyramids(lambda id: pyramid_of(source, by_id[id], levels))
    report = on_progress or (lambda *_: None)
    for done, id in enumerate(covered, start=1):
        for fit in fits:
            fit.add(id, pyramids(id), source.seen(by_id[id].label_map))
        report("measuring on labelled pictures", done, len(covered))
    layout = _layout_of(part_set, config)
    left_out = left_out_iou(fits, covered, pyramids, layout)
    assert left_out is not None, "nobody stops it"
    if not needs_halves(covered, left_out):
        return quality_by_part(part_set, covered, left_out)
    others = plain_pyramids(source, _N_OTHERS, levels, but=annotations)
    n_others = at_most(source, _N_OTHERS)
    halves = half_agreement(
        fits, covered, counted(others, n_others, report, "measuring on other pictures"), layout
    )
    return quality_by_part(part_set, covered, left_out, halves)


def _begun(segmenter: FewShotSegmenter, config: FewShotConfig) -> list[RidgeFit]:
    """One running fit for each segmenter of an ensemble, or one; standardised as the fitted ones."""
    fitted = list(segmenter.members) if isinstance(segmenter, EnsembleSegmenter) else [segmenter]
    fits = []
    for name, member in zip(config.methods, fitted, strict=True):
        assert isinstance(member, RidgeSegmenter), "methods that are live are ridge regression"
        begun = METHODS[name].untrained(member.n_parts, member.level_indexes, member.n_channels, config)
        begun.standardise_as(member.standardiser)
        begun.to(member.weight.device)
        fits.append(METHODS[name].running_fit(begun, config, LAYOUT_PX))
    return fits


def _layout_of(part_set: PartSet, config: FewShotConfig) -> LayoutOf | None:
    if config.spread is None:
        return None
    return partial(layout_of_shares, part_set=part_set, spread=config.spread)
