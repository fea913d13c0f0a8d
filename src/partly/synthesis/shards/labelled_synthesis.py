"""Thousands of labelled pictures, resumable (Tritrong et al., CVPR 2021, section 3.3).

The pictures are made once, and labelled by any number of segmenters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from partly.errors import BadOption
from partly.fewshot.segmenters import FewShotSegmenter
from partly.models.generators import Generator, pictures_digest
from partly.storage import digest_of, remove_leftovers
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.shard_claims import claim, labels_identity, pictures_identity
from partly.synthesis.shards.shard_plan import finished_spans, missing_pieces
from partly.synthesis.shards.shard_workers import Folders, LoadModels, make_shards_beside, make_shards_here
from partly.synthesis.shards.synthesis_config import OnPicture, SynthesisConfig, SynthesisReport


def synthesise_labelled(
    generator: Generator,
    segmenter: FewShotSegmenter,
    config: SynthesisConfig,
    pictures_folder: Path,
    labels_folder: Path,
    *,
    on_picture: OnPicture | None = None,
    load_models: LoadModels | None = None,
    n_workers: int = 1,
) -> LabelledShards:
    """Make what the folders lack: a picture and its label from one synthesis, or only one of the two.

    A label alone takes a part of the time, since the generator need not finish the picture.

    Args:
        generator: makes the pictures.
        segmenter: labels them.
        config: how many and which. ``n_pictures`` may grow from call to call.
        pictures_folder: where the shards of pictures are written; any number of segmenters can share it.
        labels_folder: where the shards of this segmenter's labels are written.
        on_picture: called after every picture that was made, labelled, or both.
        load_models: gives generator and segmenter in a worker process; picklable. Needed for more workers
            than one.
        n_workers: processes, of one thread each, whose number changes no byte; 1 works in this process.

    Returns:
        The pictures, to be read by index.

    Raises:
        BadOption: a folder holds something made with other choices or models, or ``load_models`` is missing.
        BadArchive: a shard is damaged, or there are labels without their pictures.
    """
    segmenter_digest = digest_of(segmenter.state_dict())
    claim(pictures_folder, pictures_identity(config, pictures_digest(generator)))
    claim(labels_folder, labels_identity(config, pictures_digest(generator), segmenter_digest))
    for folder in (pictures_folder, labels_folder):
        remove_leftovers(folder)
    pictures = finished_spans(pictures_folder, "pictures")
    labels = finished_spans(labels_folder, "labels")
    pieces = missing_pieces(config.n_pictures, config.pictures_per_shard, pictures, labels)
    folders = Folders(pictures_folder, labels_folder)
    segmenter.eval()
    if n_workers > 1 and len(pieces) > 1:
        if load_models is None:
            raise BadOption(f"{n_workers} workers without load_models", expected="a function that loads both")
        made = make_shards_beside(load_models, config, folders, pieces, n_workers)
    else:
        made = make_shards_here((generator, segmenter), config, folders, pieces)
    n_before = config.n_pictures - sum(len(piece.span) for piece in pieces)
    follow(made, config.n_pictures, n_before, on_picture)
    return LabelledShards(pictures_folder, labels_folder, n_pictures=config.n_pictures)


def follow(made: Iterator[int], n_pictures: int, n_before: int, on_picture: OnPicture | None) -> None:
    """Take the pictures as they come, and report them.

    Args:
        made: indexes of what is made, one after another.
        n_pictures: how many there are to be in the end.
        n_before: how many there were before.
        on_picture: called after each.
    """
    started = time.monotonic()
    # Closed at once after an error or Ctrl-C, so that workers end and temporary files go.
    with closing(made):  # type: ignore[type-var]
        for n_made, _ in enumerate(made, start=1):
            if on_picture:
                rate = n_made / max(time.monotonic() - started, 1e-9)
                n_done = n_before + n_made
                left_s = (n_pictures - n_done) / rate
                on_picture(SynthesisReport(n_done, n_pictures, rate, left_s))
