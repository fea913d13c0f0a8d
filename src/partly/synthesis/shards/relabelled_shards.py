"""Labels made of other labels: of a labelled picture and what its segmenter said, another soft prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from partly.storage import remove_leftovers
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.labelled_synthesis import follow
from partly.synthesis.shards.shard_claims import claim_shards, read_claim
from partly.synthesis.shards.shard_plan import Span, finished_spans, missing_spans
from partly.synthesis.shards.shard_samples import SoftLabel, label_files
from partly.synthesis.shards.synthesis_config import OnPicture
from partly.synthesis.shards.tar_shards import shard_writer

Relabelling = Callable[[Tensor, Tensor], Tensor]
"""A picture uint8 ``[1, 3, s, s]`` and its logits float16 ``[1, k, t, t]`` to other logits of that shape."""


def relabel(
    labelled: LabelledShards,
    relabelling: Relabelling,
    identity: Mapping[str, Any],
    folder: Path,
    *,
    pictures_per_shard: int = 25,
    on_picture: OnPicture | None = None,
) -> LabelledShards:
    """Write shards with another label of each picture; after a stop, the same call goes on.

    Each label is a function of its picture and of the label before alone. The uncertainty stays that of the
    label before, so that the same pictures are left out.

    Args:
        labelled: the pictures 0, 1, 2 … with their labels.
        relabelling: gives the other label.
        identity: what the other label depends on besides picture and label: plain JSON values.
        folder: where the shards are written.
        pictures_per_shard: what a kill loses at most.
        on_picture: called after every picture that was labelled.

    Returns:
        The same pictures with the other labels.

    Raises:
        BadOption: the folder holds something made otherwise.
        BadArchive: a shard is damaged.
    """
    before = [read_claim(f) or {} for f in (labelled.pictures_folder, labelled.labels_folder)]
    claim_shards(folder, {**before[0], **before[1], **identity})
    remove_leftovers(folder)
    spans = missing_spans(len(labelled), pictures_per_shard, finished_spans(folder, "labels"))
    n_before = len(labelled) - sum(map(len, spans))
    follow(_relabelled(labelled, relabelling, folder, spans), len(labelled), n_before, on_picture)
    return labelled.with_labels(folder)


def _relabelled(
    labelled: LabelledShards, relabelling: Relabelling, folder: Path, spans: Sequence[Span]
) -> Iterator[int]:
    """Write the shards of ``spans``; yields each index."""
    for span in spans:
        with shard_writer(folder / span.file_name("labels")) as shard:
            for index in range(span.start, span.stop):
                images, logits, _ = labelled.read([index])
                record = labelled.record(index)
                given = relabelling(images, logits)[0].cpu().numpy().astype(np.float16)
                shard.add(f"{index:06}", label_files(SoftLabel(given, record["uncertainty"]), record))
                yield index
