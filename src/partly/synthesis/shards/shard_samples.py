"""One picture and its label: how they are made, and how they are written in shards."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from partly.errors import BadArchive
from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import EnsembleSegmenter, FewShotSegmenter, disagreement, uncertainty
from partly.models import FeaturePyramid
from partly.models.generators import (
    Generator,
    Synthesis,
    images_of,
    sample_factor,
    sample_w,
    synthesise_on,
    to_bytes,
)
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import Member

_JPEG_QUALITY = 95


@dataclass(frozen=True)
class SoftLabel:
    """What a segmenter says of a picture.

    Attributes:
        logits: float16 ``[k, t, t]``.
        uncertainty: in [0, 1].
    """

    logits: NDArray[np.float16]
    uncertainty: float


@dataclass(frozen=True)
class Sample:
    """What was made of one index: a generated picture, its label, or both.

    Attributes:
        record: seed, index and truncation: plain JSON values.
        pixels: uint8 ``[s, s, 3]``.
        label: of the picture.
    """

    record: Mapping[str, Any]
    pixels: NDArray[np.uint8] | None
    label: SoftLabel | None


@torch.inference_mode()
def make_samples(
    teacher: Teacher,
    config: SynthesisConfig,
    indexes: Sequence[int],
    *,
    picture: bool = True,
    label: bool = True,
) -> list[Sample]:
    """Make pictures of these indexes, or label them, or both from one synthesis, on the teacher's machine.

    A generator's features are the same with a picture and without, so either can be made first.

    Raises:
        BadOption: the teacher is not one of a generator.
    """
    generator, segmenter = teacher.generator, teacher.segmenter
    w = torch.cat([_latent(generator, config, index) for index in indexes])
    levels = segmenter.level_indexes if label else (0,)
    finest_px = max(generator.levels[i].size_px for i in levels)
    made = synthesise_on(teacher.machine, generator, w, features_px=finest_px, images=picture)
    pixels = _pixels(made, config.size_px) if picture else [None] * len(indexes)
    labels = _soft_labels(segmenter, made.pyramid, config.label_px) if label else [None] * len(indexes)
    records = [_record(config, index) for index in indexes]
    return [Sample(*one) for one in zip(records, pixels, labels, strict=True)]


def make_sample(
    teacher: Teacher, config: SynthesisConfig, index: int, *, picture: bool = True, label: bool = True
) -> Sample:
    """As :func:`make_samples`, of one index.

    Raises:
        BadOption: the teacher is not one of a generator.
    """
    return make_samples(teacher, config, [index], picture=picture, label=label)[0]


def _latent(generator: Generator, config: SynthesisConfig, index: int) -> Tensor:
    return sample_w(generator, config.seed, index, config.truncation, "labelled pictures", config.streams)


def _record(config: SynthesisConfig, index: int) -> dict[str, Any]:
    factor = sample_factor(config.truncation, config.seed, index, "labelled pictures", config.streams)
    return {"seed": config.seed, "index": index, "truncation": factor}


def _pixels(made: Synthesis, size_px: int) -> Sequence[NDArray[np.uint8]]:
    """Pictures uint8 ``[s, s, 3]``, all fetched from the device at once."""
    whole = to_bytes(images_of(made), size_px).permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(pixels) for pixels in whole]


def _soft_labels(segmenter: FewShotSegmenter, pyramid: FeaturePyramid, label_px: int) -> list[SoftLabel]:
    logits, doubts = _labelled(segmenter, pyramid, label_px)
    halves = logits.cpu().numpy().astype(np.float16)
    return [SoftLabel(*one) for one in zip(halves, doubts.tolist(), strict=True)]


def _labelled(segmenter: FewShotSegmenter, pyramid: FeaturePyramid, label_px: int) -> tuple[Tensor, Tensor]:
    """Logits ``[b, k, label_px, label_px]`` and uncertainty ``[b]`` in [0, 1].

    Members of an ensemble that disagree say more about wrong labels than soft edges do, which every
    segmenter has.
    """
    if isinstance(segmenter, EnsembleSegmenter):
        predictions = segmenter.member_predictions(pyramid, label_px)
        return predictions.logsumexp(0) - math.log(len(predictions)), disagreement(predictions)
    logits = segmenter(pyramid, label_px)
    return logits, uncertainty(logits)


def picture_files(
    pixels: NDArray[np.uint8], record: Mapping[str, Any], picture_format: str
) -> dict[str, bytes]:
    """The files of a picture in its shard: ending to content."""
    picture = io.BytesIO()
    if picture_format == "png":
        Image.fromarray(pixels).save(picture, "PNG")
    else:
        Image.fromarray(pixels).save(picture, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return {picture_format: picture.getvalue(), "json": _json(record)}


def label_files(label: SoftLabel, record: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a label in its shard: ending to content."""
    logits = io.BytesIO()
    np.save(logits, label.logits, allow_pickle=False)
    return {"logits.npy": logits.getvalue(), "json": _json({**record, "uncertainty": label.uncertainty})}


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(record)).encode()


def read_pixels(files: Mapping[str, Member]) -> NDArray[np.uint8]:
    """The picture of a sample in a shard of pictures, uint8 ``[s, s, 3]``."""
    member = files.get("jpg") or files.get("png")
    if member is None:
        raise _damaged(next(iter(files.values())), "has no picture beside it")
    try:
        with Image.open(io.BytesIO(member.read())) as image:
            return np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(member, f"is no image ({error})") from error


def read_logits(files: Mapping[str, Member]) -> NDArray[np.float16]:
    """The soft label of a sample in a shard of labels, float16 ``[k, t, t]``."""
    member = _member(files, "logits.npy")
    try:
        logits: NDArray[np.float16] = np.load(io.BytesIO(member.read()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _damaged(member, f"is no array ({error})") from error
    return logits


def read_record(files: Mapping[str, Member]) -> dict[str, Any]:
    """What is written down about a sample."""
    member = _member(files, "json")
    try:
        record: dict[str, Any] = json.loads(member.read())
    except ValueError as error:
        raise _damaged(member, f"is no JSON ({error})") from error
    return record


def _member(files: Mapping[str, Member], ending: str) -> Member:
    if ending not in files:
        raise _damaged(next(iter(files.values())), f"has no {ending} beside it")
    return files[ending]


def _damaged(member: Member, what: str) -> BadArchive:
    return BadArchive(
        f"its member {member.name} {what}",
        remedy="Delete the file and run the same command again: it is made anew",
        path=member.shard,
    )
