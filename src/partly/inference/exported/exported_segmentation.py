"""Segmenting one photo with an exported network: what ``partly segment`` does, step for step, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.labels import PartSet
from partly.data.photos import Photo, Pixels, padded_square, photo_of, resize_pixels
from partly.errors import BadOption
from partly.inference.exported.exported_network import ExportedNetwork
from partly.inference.exported.map_refinement import refined_maps
from partly.inference.exported.map_resizing import Maps, resized_maps, upsampled_strips
from partly.inference.segment import Segmentation


def segment_exported(
    network: ExportedNetwork,
    photo: Photo | str | Path | bytes | Pixels | Image.Image,
    *,
    size_px: int | None = None,
    mirror_average: bool = True,
    scales: Sequence[float] = (1.0,),
    refine: bool = False,
) -> Segmentation:
    """Segment one photo, at its own size, as :func:`partly.inference.segment.segment_photo`.

    A file that reads photos of one size (that of a network with an encoder inside) is shown the photo
    resized to it, whatever its shape, once or, with ``mirror_average``, twice.

    Args:
        network: of an exported file.
        photo: a path, the bytes of an image file, uint8 ``[h, w, 3]``, a Pillow image or a :class:`Photo`.
        size_px: size that the network sees; its training size when not given.
        mirror_average: average the logits with those of the mirrored photo, left and right parts exchanged.
        scales: average the logits over these multiples of ``size_px``.
        refine: let boundaries follow the edges of the photo, at the largest of these sizes.

    Raises:
        BadPhoto: the photo cannot be read.
        BadOption: ``size_px`` is below 1, there are no scales above 0, or a file of one size is asked for
            another.
        BadModelFile: the network's logits are not finite.
    """
    photo = photo_of(photo)
    logits = _mean(
        [_logits(network, shown, mirror_average) for shown in _shown(network, photo, size_px, scales)]
    )
    if refine:
        logits = refined_maps(logits, resize_pixels(photo.pixels, logits.shape[2], logits.shape[1]))
    return _segmentation(logits, photo.height_px, photo.width_px, network.part_set)


_Shown = tuple[Pixels, tuple[slice, slice]]
"""What the network is shown, and the rows and columns of the photo in it."""


def _shown(
    network: ExportedNetwork, photo: Photo, size_px: int | None, scales: Sequence[float]
) -> list[_Shown]:
    size_px = network.size_px if size_px is None else size_px
    if size_px < 1:
        raise BadOption(f"size_px is {size_px}", expected="at least 1")
    if not scales or min(scales) <= 0:
        raise BadOption(f"scales are {list(scales)}", expected="one or more, above 0")
    if network.only_size is None:
        return [padded_square(photo.pixels, max(1, round(size_px * scale))) for scale in scales]
    if size_px != network.size_px or tuple(scales) != (1.0,):
        raise BadOption(
            "another size for a network whose file reads photos of one size",
            expected=f"{network.only_size[0]} x {network.only_size[1]} px",
            remedy="Leave the size out, or export the network at another: partly export --size",
        )
    height, width = network.only_size
    return [(resize_pixels(photo.pixels, width, height), (slice(None), slice(None)))]


def _logits(network: ExportedNetwork, shown: _Shown, mirror_average: bool) -> Maps:
    """Logits of the photo ``[k, h, w]``, or the mean of both views."""
    pixels, (rows, columns) = shown
    images = np.stack([pixels, pixels[:, ::-1]]) if mirror_average else pixels[None]
    logits = network(np.ascontiguousarray(images))
    if mirror_average:
        mirrored = logits[1, list(network.part_set.mirror_permutation()), :, ::-1]
        return ((logits[0] + mirrored) / 2)[:, rows, columns]
    return logits[0, :, rows, columns]


def _mean(several: Sequence[Maps]) -> Maps:
    """Mean of logits of several sizes, at the size of the largest."""
    if len(several) == 1:
        return several[0]
    height, width = (max(one.shape[axis] for one in several) for axis in (1, 2))
    mean: Maps = np.mean([resized_maps(one, height, width) for one in several], axis=0, dtype=np.float32)
    return mean


def _segmentation(logits: Maps, height: int, width: int, part_set: PartSet) -> Segmentation:
    label_map = np.empty((height, width), np.uint8)
    confidence = np.empty((height, width), np.float32)
    top = 0
    for strip in upsampled_strips(logits, height, width):
        rows = slice(top, top + strip.shape[1])
        label_map[rows], best = _largest(strip)
        # The largest softmax probability is exp(0) over the sum of exp(logit - best).
        strip = strip - best
        confidence[rows] = 1 / np.exp(strip, out=strip).sum(axis=0)
        top = rows.stop
    return Segmentation(label_map, confidence, part_set)


def _largest(maps: Maps) -> tuple[NDArray[np.uint8], Maps]:
    """Which of the maps ``[k, h, w]`` is largest at each pixel, the first of equal ones, and how large."""
    best, which = maps[0].copy(), np.zeros(maps.shape[1:], np.uint8)
    for part, one in enumerate(maps[1:], 1):
        is_larger = np.greater(one, best)
        np.copyto(which, np.uint8(part), where=is_larger)
        np.maximum(best, one, out=best)
    return which, best
