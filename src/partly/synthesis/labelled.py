"""Labelled pictures read from shards by index, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadArchive, BadOption
from partly.synthesis.plan import finished_spans
from partly.synthesis.samples import read_logits, read_pixels, read_record
from partly.synthesis.shards import Member, read_index


class LabelledShards:
    """The labelled pictures of a folder; only the places of the files are kept in memory.

    Args:
        folder: where :func:`partly.synthesis.synthesise_labelled` wrote the shards.
        n_pictures: use the first so many pictures; None uses all.
        drop_uncertain: share of these that is left out, the most uncertain ones, in [0, 1).

    Raises:
        BadArchive: there are no shards, or one is damaged.
    """

    def __init__(self, folder: Path, *, n_pictures: int | None = None, drop_uncertain: float = 0.0) -> None:
        if not 0 <= drop_uncertain < 1:
            raise BadOption(f"drop_uncertain is {drop_uncertain}", expected="a share from 0 to below 1")
        samples: dict[int, dict[str, Member]] = {}
        for span in finished_spans(folder):
            path = folder / span.file_name
            found = {int(stem): files for stem, files in read_index(path).items() if stem.isdecimal()}
            if set(found) != set(range(span.start, span.stop)):
                raise BadArchive(
                    f"has {len(found)} labelled pictures",
                    expected=f"pictures {span.start} to {span.stop - 1}, as its name says",
                    remedy="Delete the file and run the same command again: it is made anew",
                    path=path,
                )
            samples |= found
        order = sorted(samples)[:n_pictures]
        if not order:
            raise BadArchive(
                "has no shards", expected="labelled pictures", remedy="Synthesise some first", path=folder
            )
        self.uncertainties = np.array([read_record(samples[i])["uncertainty"] for i in order])
        n_kept = max(1, round(len(order) * (1 - drop_uncertain)))
        kept = np.sort(np.argsort(self.uncertainties, kind="stable")[:n_kept])
        self.uncertainties = self.uncertainties[kept]
        self.numbers = [order[i] for i in kept]
        self._samples = [samples[number] for number in self.numbers]

    def __len__(self) -> int:
        return len(self._samples)

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Some pictures.

        Returns:
            Images uint8 ``[b, 3, s, s]``, logits float16 ``[b, k, t, t]``, weights ``[b]`` (all 1).

        Raises:
            BadArchive: a shard is damaged.
        """
        pixels = np.stack([read_pixels(self._samples[i]) for i in indexes])
        logits = np.stack([read_logits(self._samples[i]) for i in indexes])
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        return images, torch.from_numpy(logits), torch.ones(len(indexes))
