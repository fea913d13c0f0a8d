"""Proposed pictures, labelled by the annotator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from experiments.annotator import Annotator
from experiments.bisenet import face_parts_of
from experiments.protocol import PROTOCOL, Protocol
from partly.data.labels import FACE_PARTS, Annotation, annotation_ids, list_annotations, save_annotation
from partly.errors import BadLabel
from partly.fewshot.acquisition import Proposal, propose, propose_unsure
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import fit_few_shot
from partly.models.generators import Generator, images_of

N_LOOKED_AT = 40
"""Proposals that are labelled before some are chosen."""

# Away from the seeds of what is proposed together.
_GROWN_SEED = 7


def proposed_labels(
    generator: Generator,
    annotator: Annotator,
    n: int,
    folder: Path,
    *,
    together: bool,
    seed: int = 0,
    protocol: Protocol = PROTOCOL,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Annotation]:
    """``n`` labelled proposals, kept in ``folder``; what is there already is only read.

    Alone, a picture on which a part cannot be seen is passed over, as a person would: one label shows all.

    Args:
        generator: makes the pictures.
        annotator: labels them.
        n: how many.
        folder: where they are kept as annotations.
        together: chosen to be labelled together; otherwise each to be labelled alone.
        seed: of the candidates.
        protocol: sizes, and how many candidates there are.
        on_progress: told how many candidates were looked at, and of how many.

    Raises:
        BadLabel: too few proposals show every part.
    """
    if len(annotation_ids(folder)) < n:
        n_asked = n if together else min(8 * n, protocol.n_candidates)
        proposals = propose(
            GeneratorFeatures(generator),
            n_asked,
            seed,
            together=together,
            n_candidates=protocol.n_candidates,
            on_progress=on_progress,
        )
        kept = 0
        for proposal in proposals:
            name = f"{kept:02}-picture-{proposal.index}"
            annotation = _labelled(generator, annotator, proposal, name, protocol.label_px)
            if together or _shows_every_part(annotation, protocol.visible_px):
                save_annotation(folder, annotation, FACE_PARTS, overwrite=True)
                kept += 1
            if kept == n:
                break
        if kept < n:
            raise BadLabel(f"{kept} of {n_asked} proposed pictures show every part", expected=f"{n} or more")
    return list_annotations(folder, FACE_PARTS)[:n]


def labels_with_most_parts(
    generator: Generator,
    annotator: Annotator,
    n: int,
    folder: Path,
    *,
    n_looked_at: int = N_LOOKED_AT,
    protocol: Protocol = PROTOCOL,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Annotation]:
    """``n`` labelled pictures, those of the first proposals in which the annotator sees most parts.

    So would a person choose among pictures of a poor generator, of which none may show all parts.

    Args:
        generator: makes the pictures.
        annotator: labels them.
        n: how many.
        folder: where they are kept as annotations; what is there already is only read.
        n_looked_at: proposals that are labelled, at most as many as there are candidates.
        protocol: sizes, and how many candidates there are.
        on_progress: told how many candidates were looked at, and of how many.
    """
    if len(annotation_ids(folder)) < n:
        n_candidates = protocol.n_candidates
        proposals = propose(
            GeneratorFeatures(generator),
            max(n, min(n_looked_at, n_candidates)),
            n_candidates=n_candidates,
            on_progress=on_progress,
        )
        seen = [
            _labelled(generator, annotator, proposal, f"picture-{proposal.index}", protocol.label_px)
            for proposal in proposals
        ]
        # Those with equally many parts stay in the order of proposals.
        seen.sort(key=lambda annotation: -_n_visible_parts(annotation, protocol.visible_px))
        for number, annotation in enumerate(seen[:n]):
            named = replace(annotation, id=f"{number:02}-{annotation.id}")
            save_annotation(folder, named, FACE_PARTS, overwrite=True)
    return list_annotations(folder, FACE_PARTS)[:n]


def grown_labels(
    generator: Generator,
    annotator: Annotator,
    n: int,
    folder: Path,
    *,
    first: Sequence[Annotation],
    seed: int = 0,
    protocol: Protocol = PROTOCOL,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Annotation]:
    """``first`` and, up to ``n``, labels of the pictures that the segmenter fitted so far is least sure of.

    Args:
        generator: makes the pictures.
        annotator: labels them.
        n: how many, those of ``first`` included.
        folder: where they are kept as annotations; after a stop, the same call goes on.
        first: labels to begin with.
        seed: of the candidates.
        protocol: sizes, and how many candidates there are.
        on_progress: told how many candidates were looked at, and of how many, for each further label.
    """
    kept = list_annotations(folder, FACE_PARTS) if annotation_ids(folder) else []
    for number, annotation in enumerate(first[len(kept) :], start=len(kept)):
        kept.append(replace(annotation, id=f"{number:02}-{annotation.id}"))
        save_annotation(folder, kept[-1], FACE_PARTS, overwrite=True)
    source = GeneratorFeatures(generator)
    while len(kept) < n:
        segmenter = fit_few_shot(source, kept, FACE_PARTS)
        [proposal] = propose_unsure(
            source,
            segmenter,
            1,
            _GROWN_SEED + seed,
            known=kept,
            n_candidates=protocol.n_candidates,
            on_progress=on_progress,
        )
        name = f"{len(kept):02}-unsure-{proposal.index}"
        kept.append(_labelled(generator, annotator, proposal, name, protocol.label_px))
        save_annotation(folder, kept[-1], FACE_PARTS, overwrite=True)
    return kept[:n]


def ids_of_picture(generator: Generator, annotator: Annotator, w: Tensor, size_px: int) -> NDArray[np.uint8]:
    """What the annotator sees in the picture of ``w [1, l, v]``: ids ``[size_px, size_px]`` of the parser."""
    return annotator.parse_ids(images_of(generator.synthesise(w, features_px=4)), size_px)[0]


def _labelled(
    generator: Generator, annotator: Annotator, proposal: Proposal, name: str, size_px: int
) -> Annotation:
    label_map = face_parts_of(ids_of_picture(generator, annotator, proposal.w, size_px))
    w = np.ascontiguousarray(proposal.w[0].numpy())
    note = f"seed {proposal.seed}, index {proposal.index}; labelled by a parser"
    return Annotation(name, label_map, w, generator.digest, note=note)


def _shows_every_part(annotation: Annotation, visible_px: int) -> bool:
    return _n_visible_parts(annotation, visible_px) == FACE_PARTS.n_parts


def _n_visible_parts(annotation: Annotation, visible_px: int) -> int:
    # What a person would call visible: eyes or brows smaller than this are hidden by hair or glasses.
    counts = np.bincount(annotation.label_map.ravel(), minlength=256)[: FACE_PARTS.n_parts]
    return int((counts >= visible_px).sum())
