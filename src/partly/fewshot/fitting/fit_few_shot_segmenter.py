"""Annotations to a few-shot segmenter: the choices in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from partly.data.labels import Annotation, PartSet, check_label_map
from partly.errors import BadLabel
from partly.fewshot.features.feature_source import FeatureSource, at_most, plain_pyramids, pyramid_of
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.few_shot_method import FitTask
from partly.fewshot.fitting.fit_options import ON_PHOTOS, FewShotConfig
from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.ridge_methods import counted
from partly.fewshot.fitting.small_parts import raise_small_parts
from partly.fewshot.fitting.spatial_prior import AS_GOOD_AS_IMPOSSIBLE, layout_of
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter, choose_levels
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.models.generators import Generator
from partly.storage import tensor_seed

Report = Callable[[str, int, int], None]


def fit_few_shot(
    source: FeatureSource,
    annotations: Sequence[Annotation],
    part_set: PartSet,
    config: FewShotConfig | None = None,
    on_progress: Report | None = None,
) -> FewShotSegmenter:
    """Fit a segmenter on annotated pictures of ``source``, on the machine that makes their features.

    Whatever is drawn by chance, but for dropout, is drawn on the processor, and is the same everywhere.

    Args:
        source: makes the features again from what the annotations are of.
        annotations: one or more, all of pictures of this source.
        part_set: what the ids of the label maps mean.
        config: which segmenter, how; the best known one by default.
        on_progress: told what is being done, how much is done and of how much.

    Raises:
        BadLabel: no annotation, nothing labelled, unknown ids, another source, or a part without any pixel
            that the config does not allow to be missing.
    """
    config = config or usual_config(source)
    missing = check_annotations(annotations, part_set, source, allow_missing_parts=config.allow_missing_parts)
    label_maps = [source.seen(a.label_map) for a in annotations]
    indexes = choose_levels(source.levels, config.sizes_px or default_sizes(source))
    channels = [source.levels[i].n_channels for i in indexes]
    standardiser = Standardiser(channels)
    report = on_progress or _nobody
    n_statistics = at_most(source, config.n_statistics)
    read = (p.select(indexes) for p in plain_pyramids(source, n_statistics, indexes))
    standardiser.estimate(counted(read, n_statistics, report, "reading plain pictures"))
    layout = None
    if config.spread is not None:
        layout = layout_of(label_maps, part_set, config.spread)
    members: list[FewShotSegmenter] = []
    for name in config.methods:
        task = FitTask(
            [a.id for a in annotations],
            label_maps,
            lambda i: pyramid_of(source, annotations[i], indexes),
            plain_pyramids(source, config.n_self_training, indexes),
            at_most(source, config.n_self_training),
            f"fitting {name}",
            report,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(tensor_seed("first weights", config.seed))
            segmenter = METHODS[name].untrained(part_set.n_parts, indexes, channels, config)
            segmenter.standardise_as(standardiser)
            if layout is not None:
                segmenter.layout.copy_(layout)
            segmenter.layout[list(missing)] = AS_GOOD_AS_IMPOSSIBLE
            source.machine.place(segmenter)
            METHODS[name].fit(segmenter, task, config)
        if config.small_parts:
            plain = plain_pyramids(source, n_statistics, indexes)
            counting = counted(plain, n_statistics, report, "looking for small parts")
            raise_small_parts(segmenter, label_maps, counting, config.small_parts)
        members.append(segmenter.eval().requires_grad_(False))
    return members[0] if len(members) == 1 else EnsembleSegmenter(members)


def _nobody(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def usual_config(source: FeatureSource | Generator) -> FewShotConfig:
    """The best known choices for pictures of a generator, or for photos."""
    return ON_PHOTOS if isinstance(source, PhotoFeatures) else FewShotConfig()


def default_sizes(source: FeatureSource) -> tuple[int, ...]:
    """From a 32nd of the picture's side to 128 px, and 8 px at the least: 32 to 128 px at 1024 px.

    Coarser levels say little about where a part ends; finer ones say more about colour than about parts, and
    cost most (docs/lab.md).
    """
    sizes = sorted({level.size_px for level in source.levels})
    smallest = max(8, source.image_size_px // 32)
    return tuple(s for s in sizes if smallest <= s <= 128) or tuple(sizes)


def check_annotations(
    annotations: Sequence[Annotation],
    part_set: PartSet,
    source: FeatureSource,
    *,
    allow_missing_parts: bool = False,
) -> tuple[int, ...]:
    """Refuse annotations from which the parts could not be learned.

    Args:
        annotations: what is to be fitted on.
        part_set: what the ids of the label maps mean.
        source: whose pictures they should be of.
        allow_missing_parts: two parts with a label are enough.

    Returns:
        Ids of the parts without a label; none, where they are not allowed.

    Raises:
        BadLabel: no annotation at all, the same id twice, a broken label map, a part without a pixel in any,
            fewer than two with one, an annotation of another source, or parts that
            all lie outside of what the source reads of the pictures.
    """
    if not annotations:
        raise BadLabel(
            "no annotation", expected="at least one", remedy="Label a picture first: partly label --help"
        )
    ids = [a.id for a in annotations]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise BadLabel(f"annotation {', '.join(twice)} is there twice", expected="each id once")
    for annotation in annotations:
        check_label_map(annotation.label_map, part_set, path=annotation.id)
    seen = {int(i) for a in annotations for i in np.unique(source.seen(a.label_map)).tolist()}
    missing = tuple(i for i in range(part_set.n_parts) if i not in seen)
    _check_missing(missing, part_set, allow=allow_missing_parts)
    for annotation in annotations:
        source.check(annotation)
    return missing


def _check_missing(missing: tuple[int, ...], part_set: PartSet, *, allow: bool) -> None:
    names = ", ".join(part_set.names[i] for i in missing)
    if missing and not allow:
        raise BadLabel(
            f"no picture has a pixel of {names}",
            expected="every part labelled in at least one picture",
            remedy="Label a picture that shows it, take the part out of the part set, or do without it: "
            "partly fit --allow-missing-parts",
        )
    if part_set.n_parts - len(missing) < 2:
        raise BadLabel(
            f"no picture has a pixel of {names}",
            expected="two parts or more with a label",
            remedy="Label a few pixels of another part, or of the background",
        )
