"""One labelled picture: how it is made, and how it is written in a shard."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from partly.errors import BadArchive
from partly.generators.protocol import Generator
from partly.generators.sampling import sample_factor, sample_w
from partly.pyramid import FeaturePyramid
from partly.segmenters.base import FewShotSegmenter
from partly.segmenters.ensemble import EnsembleSegmenter
from partly.segmenters.uncertainty import disagreement, uncertainty
from partly.synthesis.config import SynthesisConfig
from partly.synthesis.shards import Member

_JPEG_QUALITY = 95


@dataclass(frozen=True)
class LabelledPicture:
    """A generated picture with its soft label.

    Attributes:
        pixels: uint8 ``[s, s, 3]``.
        logits: float16 ``[k, t, t]``.
        record: seed, index, truncation and uncertainty: plain JSON values.
    """

    pixels: NDArray[np.uint8]
    logits: NDArray[np.float16]
    record: Mapping[str, Any]


@torch.inference_mode()
def label_picture(
    generator: Generator, segmenter: FewShotSegmenter, config: SynthesisConfig, index: int
) -> LabelledPicture:
    """Make and label picture ``index``."""
    w = sample_w(generator, config.seed, index, config.truncation)
    finest_px = max(generator.levels[i].size_px for i in segmenter.level_indexes)
    synthesis = generator.synthesise(w, features_px=finest_px)
    if synthesis.images is None:
        raise TypeError("the generator gave no picture")
    logits, doubt = _labelled(segmenter, synthesis.pyramid, config.label_px)
    record = {
        "seed": config.seed,
        "index": index,
        "truncation": sample_factor(config.truncation, config.seed, index),
        "uncertainty": float(doubt[0]),
    }
    return LabelledPicture(
        _pixels(synthesis.images, config.size_px), logits[0].numpy().astype(np.float16), record
    )


def _labelled(segmenter: FewShotSegmenter, pyramid: FeaturePyramid, label_px: int) -> tuple[Tensor, Tensor]:
    """Logits ``[b, k, label_px, label_px]`` and uncertainty ``[b]`` in [0, 1].

    Members of an ensemble that disagree say more about wrong labels than soft edges do, which every
    segmenter has.
    """
    if isinstance(segmenter, EnsembleSegmenter):
        opinions = segmenter.opinions(pyramid, label_px)
        return opinions.logsumexp(0) - math.log(len(opinions)), disagreement(opinions)
    logits = segmenter(pyramid, label_px)
    return logits, uncertainty(logits)


def _pixels(images: Tensor, size_px: int) -> NDArray[np.uint8]:
    """The first of ``images [b, 3, h, w]`` in [-1, 1], shrunk by means of areas, as bytes."""
    smaller = F.interpolate(images[:1].clamp(-1, 1), (size_px, size_px), mode="area")[0]
    levels: NDArray[np.uint8] = ((smaller + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return np.ascontiguousarray(levels)


def to_files(sample: LabelledPicture, picture_format: str) -> dict[str, bytes]:
    """The files of a sample: ending to content."""
    picture, logits = io.BytesIO(), io.BytesIO()
    if picture_format == "png":
        Image.fromarray(sample.pixels).save(picture, "PNG")
    else:
        Image.fromarray(sample.pixels).save(picture, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    np.save(logits, sample.logits, allow_pickle=False)
    return {
        picture_format: picture.getvalue(),
        "logits.npy": logits.getvalue(),
        "json": json.dumps(dict(sample.record)).encode(),
    }


def read_pixels(files: Mapping[str, Member]) -> NDArray[np.uint8]:
    """The picture of a sample, uint8 ``[s, s, 3]``."""
    member = files.get("jpg") or files.get("png")
    if member is None:
        raise _damaged(next(iter(files.values())), "has no picture beside it")
    try:
        with Image.open(io.BytesIO(member.read())) as image:
            return np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(member, f"is no image ({error})") from error


def read_logits(files: Mapping[str, Member]) -> NDArray[np.float16]:
    """The soft label of a sample, float16 ``[k, t, t]``."""
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
