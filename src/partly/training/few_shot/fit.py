"""Annotations to a few-shot segmenter: the choices in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch

from partly.annotations.annotation import Annotation
from partly.annotations.label_maps import check_label_map
from partly.annotations.part_sets import PartSet
from partly.errors import BadLabel
from partly.generators.protocol import Generator
from partly.pyramid import FeaturePyramid
from partly.segmenters.base import FewShotSegmenter, choose_levels
from partly.segmenters.cnn import CNNSegmenter
from partly.segmenters.ensemble import EnsembleSegmenter
from partly.segmenters.kernel import KernelSegmenter
from partly.segmenters.mlp import MLPSegmenter
from partly.segmenters.ridge import RidgeSegmenter
from partly.segmenters.standardise import Standardiser
from partly.training.few_shot.fit_options import RIDGE_METHODS, FewShotConfig
from partly.training.few_shot.gradient import fit_by_gradient
from partly.training.few_shot.layout import AS_GOOD_AS_IMPOSSIBLE, layout_of
from partly.training.few_shot.pictures import latent_of, plain_pyramids, pyramid_of
from partly.training.few_shot.ridge import RidgeFit

MOST_LABELS_TO_SELF_TRAIN = 3
_HIDDEN = {"mlp-0": (), "mlp-1": (2000,), "mlp-2": (2000, 200)}
Report = Callable[[str, int, int], None]


def fit_few_shot(
    generator: Generator,
    annotations: Sequence[Annotation],
    part_set: PartSet,
    config: FewShotConfig | None = None,
    on_progress: Report | None = None,
) -> FewShotSegmenter:
    """Fit a segmenter on annotated pictures of ``generator``.

    Args:
        generator: makes the features again from the annotations' latents.
        annotations: one or more, all of pictures of this generator.
        part_set: what the ids of the label maps mean.
        config: which segmenter, how; the best known one by default.
        on_progress: told what is being done, how much is done and of how much.

    Raises:
        BadLabel: no annotation, nothing labelled, unknown ids, another generator, or a part without any pixel
            that the config does not allow to be missing.
    """
    config = config or FewShotConfig()
    missing = check_annotations(
        annotations, part_set, generator, allow_missing_parts=config.allow_missing_parts
    )
    latents = [latent_of(a, generator) for a in annotations]
    indexes = choose_levels(generator.levels, config.sizes_px or default_sizes(generator))
    channels = [generator.levels[i].n_channels for i in indexes]
    standardiser = Standardiser(channels)
    read = (p.select(indexes) for p in plain_pyramids(generator, config.n_statistics, indexes))
    standardiser.estimate(_counted(read, config.n_statistics, on_progress, "reading plain pictures"))

    def whole(i: int) -> FeaturePyramid:
        return pyramid_of(generator, latents[i], indexes)

    members: list[FewShotSegmenter] = []
    for method in config.methods:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            segmenter = _untrained(method, part_set.n_parts, indexes, channels, config)
            _standardiser_of(segmenter).load_state_dict(standardiser.state_dict())
            if config.spread is not None:
                segmenter.layout.copy_(layout_of(annotations, part_set, config.spread))
            segmenter.layout[list(missing)] = AS_GOOD_AS_IMPOSSIBLE
            plain = plain_pyramids(generator, config.n_self_training, indexes)
            _fit_one(segmenter, whole, plain, annotations, config, on_progress, method)
        members.append(segmenter.eval().requires_grad_(False))
    return members[0] if len(members) == 1 else EnsembleSegmenter(members)


def default_sizes(generator: Generator) -> tuple[int, ...]:
    """From a 32nd of the picture's side to 128 px, and 8 px at the least: 32 to 128 px at 1024 px.

    Coarser levels say little about where a part ends; finer ones say more about colour than about parts, and
    cost most (docs/lab.md).
    """
    sizes = sorted({level.size_px for level in generator.levels})
    smallest = max(8, generator.image_size_px // 32)
    return tuple(s for s in sizes if smallest <= s <= 128) or tuple(sizes)


def check_annotations(
    annotations: Sequence[Annotation],
    part_set: PartSet,
    generator: Generator,
    *,
    allow_missing_parts: bool = False,
) -> tuple[int, ...]:
    """Refuse annotations from which the parts could not be learned.

    Args:
        annotations: what is to be fitted on.
        part_set: what the ids of the label maps mean.
        generator: whose pictures they should be of.
        allow_missing_parts: two parts with a label are enough.

    Returns:
        Ids of the parts without a label; none, where they are not allowed.

    Raises:
        BadLabel: no annotation at all, the same id twice, a broken label map, a part without a pixel in any,
            fewer than two with one, or an annotation of another generator or of a photo.
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
    seen = {int(i) for a in annotations for i in torch.from_numpy(a.label_map).unique().tolist()}
    missing = tuple(i for i in range(part_set.n_parts) if i not in seen)
    _check_missing(missing, part_set, allow=allow_missing_parts)
    for annotation in annotations:
        latent_of(annotation, generator)
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


def untrained_ridge(
    method: str, n_parts: int, indexes: Sequence[int], channels: Sequence[int], config: FewShotConfig
) -> RidgeSegmenter:
    """The segmenter of a method of RIDGE_METHODS, before it is solved.

    Args:
        method: which.
        n_parts: number of parts.
        indexes: of the levels that it reads.
        channels: of these levels.
        config: the choices.
    """
    if method == "kernel":
        return KernelSegmenter(n_parts, indexes, channels, seed=config.seed)
    return RidgeSegmenter(n_parts, indexes, channels, config.coordinate_weight)


def penalty_of(method: str, config: FewShotConfig) -> float:
    """The penalty of a method of RIDGE_METHODS."""
    return config.kernel_penalty if method == "kernel" else config.penalty


def _untrained(
    method: str, n_parts: int, indexes: Sequence[int], channels: Sequence[int], config: FewShotConfig
) -> RidgeSegmenter | MLPSegmenter | CNNSegmenter:
    if method in RIDGE_METHODS:
        return untrained_ridge(method, n_parts, indexes, channels, config)
    if method in _HIDDEN:
        return MLPSegmenter(n_parts, indexes, channels, _HIDDEN[method])
    return CNNSegmenter(n_parts, indexes, channels, method.removeprefix("cnn-").upper())


def _standardiser_of(segmenter: RidgeSegmenter | MLPSegmenter | CNNSegmenter) -> Standardiser:
    return segmenter.standardiser if isinstance(segmenter, RidgeSegmenter) else segmenter.first.standardiser


def _fit_one(
    segmenter: RidgeSegmenter | MLPSegmenter | CNNSegmenter,
    whole: Callable[[int], FeaturePyramid],
    plain: Iterator[FeaturePyramid],
    annotations: Sequence[Annotation],
    config: FewShotConfig,
    on_progress: Report | None,
    method: str,
) -> None:
    def report(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(f"fitting {method}", done, total)

    if isinstance(segmenter, RidgeSegmenter):
        fit = RidgeFit(segmenter, penalty_of(method, config), config.balance)
        for i, annotation in enumerate(annotations):
            fit.add(annotation.id, whole(i), annotation.label_map)
            report(i + 1, len(annotations))
        fit.solve()
        if len(annotations) <= MOST_LABELS_TO_SELF_TRAIN and config.n_self_training:
            fit.self_train(
                _counted(plain, config.n_self_training, on_progress, "learning from plain pictures")
            )
        return
    gradient = replace(config.gradient, seed=config.seed)
    fit_by_gradient(
        segmenter,
        whole,
        [a.label_map for a in annotations],
        gradient,
        lambda step, _loss: report(step + 1, gradient.n_steps),
    )


def _counted(
    pyramids: Iterator[FeaturePyramid], n_pictures: int, on_progress: Report | None, what: str
) -> Iterator[FeaturePyramid]:
    for done, pyramid in enumerate(pyramids, start=1):
        yield pyramid
        if on_progress is not None:
            on_progress(what, done, n_pictures)
