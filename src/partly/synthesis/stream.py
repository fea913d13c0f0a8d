"""Thousands of labelled pictures, resumable (Tritrong et al., CVPR 2021, section 3.3)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from partly.artefacts import tensors_to_bytes
from partly.errors import BadOption
from partly.files import remove_leftovers, write_json
from partly.generators.protocol import Generator
from partly.segmenters.base import FewShotSegmenter
from partly.synthesis.config import OnPicture, SynthesisConfig, SynthesisReport
from partly.synthesis.labelled import LabelledShards
from partly.synthesis.plan import finished_spans, missing_spans, n_finished
from partly.synthesis.workers import LoadModels, make_shards_beside, make_shards_here

_CONFIG_NAME = "synthesis.json"


def synthesise_labelled(
    generator: Generator,
    segmenter: FewShotSegmenter,
    config: SynthesisConfig,
    folder: Path,
    *,
    on_picture: OnPicture | None = None,
    load_models: LoadModels | None = None,
    n_workers: int = 1,
) -> LabelledShards:
    """Make the labelled pictures that ``folder`` lacks.

    Args:
        generator: makes the pictures.
        segmenter: labels them.
        config: how many and which. ``n_pictures`` may grow from call to call.
        folder: where the shards are written.
        on_picture: called after every picture.
        load_models: gives generator and segmenter in a worker process; picklable. Needed for more workers
            than one.
        n_workers: processes, of one thread each, whose number changes no picture; 1 works in this process.

    Returns:
        The pictures, to be read by index.

    Raises:
        BadOption: the folder holds other pictures, or ``load_models`` is missing.
        BadArchive: a shard is damaged.
    """
    _claim(folder, config, generator, segmenter)
    remove_leftovers(folder)
    finished = finished_spans(folder)
    spans = missing_spans(config.n_pictures, config.pictures_per_shard, finished)
    n_before = n_finished(config.n_pictures, finished)
    segmenter.eval()
    if n_workers > 1 and len(spans) > 1:
        if load_models is None:
            raise BadOption(f"{n_workers} workers without load_models", expected="a function that loads both")
        made = make_shards_beside(load_models, config, folder, spans, n_workers)
    else:
        made = make_shards_here((generator, segmenter), config, folder, spans)
    _follow(made, config, n_before, on_picture)
    return LabelledShards(folder, n_pictures=config.n_pictures)


def _follow(
    made: Iterator[int], config: SynthesisConfig, n_before: int, on_picture: OnPicture | None
) -> None:
    """Take the pictures as they come, and report them."""
    started = time.monotonic()
    # Closed at once after an error or Ctrl-C, so that workers end and temporary files go.
    with closing(made):  # type: ignore[type-var]
        for n_made, _ in enumerate(made, start=1):
            if on_picture:
                rate = n_made / max(time.monotonic() - started, 1e-9)
                n_done = n_before + n_made
                left_s = (config.n_pictures - n_done) / rate
                on_picture(SynthesisReport(n_done, config.n_pictures, rate, left_s))


def _claim(folder: Path, config: SynthesisConfig, generator: Generator, segmenter: FewShotSegmenter) -> None:
    """Write down what the folder's pictures depend on, or compare with what is written there.

    Raises:
        BadOption: the folder holds pictures made otherwise.
    """
    identity: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    # Neither changes any picture.
    del identity["n_pictures"], identity["pictures_per_shard"]
    identity["generator_digest"] = generator.digest
    identity["segmenter_digest"] = hashlib.sha256(tensors_to_bytes(segmenter.state_dict())).hexdigest()
    path = folder / _CONFIG_NAME
    try:
        before = json.loads(path.read_text())
    except FileNotFoundError:
        write_json(path, identity)
        return
    except ValueError as error:
        raise BadOption(f"is no JSON ({error})", remedy="Use an empty folder", path=path) from error
    changed = [name for name in identity if before.get(name) != identity[name]]
    if changed:
        raise BadOption(
            f"holds pictures made with another {', '.join(changed)}",
            expected="the same, to go on with them",
            remedy="Use another folder, or delete this one",
            path=folder,
        )
