"""A photo that a teacher was given, segmented by the teacher itself: its features are at hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from partly.data.labels import Pictured
from partly.data.photos import whole_shape
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.inference.segment.segment_photo_file import segmentation_of
from partly.inference.segment.segmentation import Segmentation

_SAID_PX = 256


@torch.inference_mode()
def segment_by_teacher(teacher: Teacher, picture: Pictured, *, refine: bool = True) -> Segmentation:
    """Segment a photo at its own size.

    Args:
        teacher: fitted on features of whole photos.
        picture: one of its photos; features that are kept are not made again.
        refine: let boundaries follow the edges of the photo.

    Raises:
        BadOption: the teacher reads no whole photos.
        BadLabel: it is no photo of these.
        BadPhoto: the photo cannot be read.
    """
    source = teacher.source
    if not isinstance(source, PhotoFeatures) or source.fit != "whole":
        raise BadOption(
            "a teacher that reads no whole photos",
            expected='one that was fitted on features of photos, with fit="whole"',
        )
    pixels = source.pixels(picture)
    height, width = whole_shape(pixels.shape[0], pixels.shape[1], source.image_size_px, 1)
    logits = F.interpolate(teacher(picture, _SAID_PX).cpu(), (height, width), mode="bilinear")[0]
    return segmentation_of(logits, pixels, teacher.part_set, refine=refine)
