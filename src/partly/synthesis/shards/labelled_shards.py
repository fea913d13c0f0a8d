"""Labelled pictures read from shards by index, a batch at a time."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadArchive, BadOption
from partly.synthesis.shards.shard_claims import check_same_latents
from partly.synthesis.shards.shard_plan import Kind, finished_spans
from partly.synthesis.shards.shard_samples import read_logits, read_pixels, read_record
from partly.synthesis.shards.tar_shards import Member, read_index

_Samples = dict[int, dict[str, Member]]


class LabelledShards:
    """Pictures of one folder with their labels of another; only the places of the files are kept in memory.

    Args:
        pictures_folder: where :func:`partly.synthesis.shards.synthesise_labelled` wrote the shards of
            pictures. It may hold more pictures than are labelled, after the labelled ones.
        labels_folder: where it wrote the shards of labels.
        n_pictures: use the first so many pictures; None uses all.
        drop_uncertain: share of these that is left out, the most uncertain ones, in [0, 1).

    Raises:
        BadOption: the labels are of other pictures, or ``drop_uncertain`` is no such share.
        BadArchive: there are no shards, or one is damaged, or missing in one of the folders.
    """

    def __init__(
        self,
        pictures_folder: Path,
        labels_folder: Path,
        *,
        n_pictures: int | None = None,
        drop_uncertain: float = 0.0,
    ) -> None:
        if not 0 <= drop_uncertain < 1:
            raise BadOption(f"drop_uncertain is {drop_uncertain}", expected="a share from 0 to below 1")
        check_same_latents(pictures_folder, labels_folder)
        self.pictures_folder, self.labels_folder = pictures_folder, labels_folder
        pictures, labels = _samples(pictures_folder, "pictures"), _samples(labels_folder, "labels")
        order = sorted(labels)[:n_pictures]
        if not order:
            raise BadArchive(
                "has no shards",
                expected="labels of pictures",
                remedy="Synthesise some first",
                path=labels_folder,
            )
        _check_same_indexes(order, pictures, labels_folder, pictures_folder)
        self.numbers = order
        self.uncertainties = np.array([read_record(labels[i])["uncertainty"] for i in order])
        self._pictures = [pictures[number] for number in order]
        self._labels = [labels[number] for number in order]
        self._keep_surest(drop_uncertain)

    def surest(self, drop_uncertain: float) -> LabelledShards:
        """The same pictures without a share of them, those whose labels are most uncertain.

        Raises:
            BadOption: no share from 0 to below 1.
        """
        found = copy.copy(self)
        found._keep_surest(drop_uncertain)
        return found

    def with_labels(self, folder: Path) -> LabelledShards:
        """The same pictures with the labels of another folder; the pictures are not opened again.

        Raises:
            BadOption: the labels are of other pictures.
            BadArchive: a shard is damaged, or a label is missing.
        """
        check_same_latents(self.pictures_folder, folder)
        labels = _samples(folder, "labels")
        if missing := [number for number in self.numbers if number not in labels]:
            raise _no_sample("label", missing[0], self.pictures_folder, folder, folder)
        found = copy.copy(self)
        found.labels_folder = folder
        found._labels = [labels[number] for number in self.numbers]
        found.uncertainties = np.array([read_record(files)["uncertainty"] for files in found._labels])
        return found

    def _keep_surest(self, drop_uncertain: float) -> None:
        if not 0 <= drop_uncertain < 1:
            raise BadOption(f"drop_uncertain is {drop_uncertain}", expected="a share from 0 to below 1")
        n_kept = max(1, round(len(self.numbers) * (1 - drop_uncertain)))
        kept = np.sort(np.argsort(self.uncertainties, kind="stable")[:n_kept])
        self.uncertainties = self.uncertainties[kept]
        self.numbers = [self.numbers[i] for i in kept]
        self._pictures = [self._pictures[i] for i in kept]
        self._labels = [self._labels[i] for i in kept]

    def __len__(self) -> int:
        return len(self.numbers)

    def record(self, index: int) -> dict[str, Any]:
        """What is written down beside a label, its uncertainty included: plain JSON values.

        Raises:
            BadArchive: the shard is damaged.
        """
        return read_record(self._labels[index])

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Some pictures.

        Returns:
            Images uint8 ``[b, 3, s, s]``, logits float16 ``[b, k, t, t]``, weights ``[b]`` (all 1).

        Raises:
            BadArchive: a shard is damaged.
        """
        pixels = np.stack([read_pixels(self._pictures[i]) for i in indexes])
        logits = np.stack([read_logits(self._labels[i]) for i in indexes])
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        return images, torch.from_numpy(logits), torch.ones(len(indexes))


def _samples(folder: Path, kind: Kind) -> _Samples:
    """The places of the files in a folder's shards, by index."""
    samples: _Samples = {}
    for span in finished_spans(folder, kind):
        path = folder / span.file_name(kind)
        found = {int(stem): files for stem, files in read_index(path).items() if stem.isdecimal()}
        if set(found) != set(range(span.start, span.stop)):
            raise BadArchive(
                f"has {len(found)} {kind}",
                expected=f"{kind} {span.start} to {span.stop - 1}, as its name says",
                remedy="Delete the file and run the same command again: it is made anew",
                path=path,
            )
        samples |= found
    return samples


def _check_same_indexes(
    labelled: Sequence[int], pictures: _Samples, labels_folder: Path, pictures_folder: Path
) -> None:
    """Check that up to the last label each picture has a label, and each label a picture."""
    unpaired = set(labelled) ^ {i for i in pictures if i <= labelled[-1]}
    if unpaired:
        first = min(unpaired)
        lacking, kind = (labels_folder, "label") if first in pictures else (pictures_folder, "picture")
        raise _no_sample(kind, first, pictures_folder, labels_folder, lacking)


def _no_sample(
    kind: str, number: int, pictures_folder: Path, labels_folder: Path, lacking: Path
) -> BadArchive:
    return BadArchive(
        f"has no {kind} {number}",
        expected=f"pictures in {pictures_folder} and labels in {labels_folder} with the same indexes",
        remedy="Run the same command again: what is missing is made anew",
        path=lacking,
    )
