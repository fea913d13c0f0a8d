"""Segmenting one photo at its own size, within memory however large it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from partly.data.labels import PartSet
from partly.data.photos import Photo, Pixels, padded_square, photo_of, resize_pixels, whole_shape
from partly.errors import BadModelFile, BadOption
from partly.inference.find import Finder, find_objects
from partly.inference.segment.part_probabilities import PartProbabilities, upsampled_strips
from partly.inference.segment.placed_objects import place, segmentation_of_objects
from partly.inference.segment.segmentation import Segmentation
from partly.machine import device_of
from partly.models import refined


class PartNetwork(Protocol):
    """What segments photos: the auto-shot network, or anything that looks like it."""

    part_set: PartSet
    size_px: int

    def __call__(self, images: Tensor, /) -> Any:
        """Images ``[b, 3, h, w]`` in [-1, 1] to logits ``[b, k, h, w]``."""


class View(TypedDict, total=False):
    """How a network looks at a photo; what is left out is as :func:`segment_photo` has it."""

    size_px: int | None
    mirror_average: bool
    scales: Sequence[float]
    refine: bool
    finder: Finder | None


def segment_photo(
    network: PartNetwork,
    photo: Photo | str | Path | bytes | Pixels | Image.Image,
    *,
    size_px: int | None = None,
    mirror_average: bool = True,
    scales: Sequence[float] = (1.0,),
    refine: bool = False,
    finder: Finder | None = None,
) -> Segmentation:
    """Segment one photo, at its own size.

    The whole photo is scaled (antialiased, aspect ratio kept) so that its longer side is ``size_px``, and its
    edge pixels are repeated to fill a square: networks learn from square pictures that the object fills. One
    with an encoder inside is shown the photo at its own shape, of about ``size_px**2`` pixels; where
    a fast network is beside it, only that one looks at the mirrored photo and at several sizes. The logits,
    the filling cut off, are upsampled bilinearly in strips of rows.

    Args:
        network: an auto-shot network.
        photo: a path, the bytes of an image file, uint8 ``[h, w, 3]``, a Pillow image or a :class:`Photo`.
        size_px: size that the network sees; its training size when not given.
        mirror_average: average the logits with those of the mirrored photo, left and right parts exchanged.
        scales: average the logits over these multiples of ``size_px``; THOROUGH is slower and better.
        refine: let boundaries follow the edges of the photo, at the largest of these sizes.
        finder: looks for objects, which are segmented one by one, turned upright, and put back; None: the
            photo is taken for one object that fills it.

    Raises:
        BadPhoto: the photo cannot be read.
        BadOption: ``size_px`` is below 1, or there are no scales above 0.
        BadModelFile: the network's logits are not finite.
    """
    size_px = network_size_px(network, size_px)
    photo = photo_of(photo)
    if not scales or min(scales) <= 0:
        raise BadOption(f"scales are {list(scales)}", expected="one or more, above 0")

    def logits_of(one: Photo) -> Tensor:
        return _seen(network, one, size_px, scales, mirror_average)

    if finder is None:
        return segmentation_of(logits_of(photo), photo.pixels, network.part_set, refine=refine)

    def see(one: Photo) -> tuple[Tensor, float]:
        logits = logits_of(one)
        distance = _from_usual(network, finder, one, logits)
        return _refined_by(logits, one.pixels) if refine else logits, distance

    objects = place(find_objects(finder, photo.pixels), photo, see, size_px)
    return segmentation_of_objects(objects, network.part_set, *photo.pixels.shape[:2])


def _from_usual(network: PartNetwork, finder: Finder, photo: Photo, logits: Tensor) -> float:
    """How far what was said of an object is from usual: 1 at the limit.

    The finder knows what is usual of the fast network alone.
    """
    encoder, fast = getattr(network, "halves", (network, None))
    if fast is not None:
        logits = _photo_logits(fast, photo, fast.size_px, True)
    elif hasattr(encoder, "of_photo"):
        return 0.0
    return float(finder.check(logits[None].float().cpu()))


def _refined_by(logits: Tensor, pixels: Pixels) -> Tensor:
    """Logits ``[k, h, w]`` of a photo whose boundaries follow its edges."""
    return refined(logits, resize_pixels(pixels, logits.shape[2], logits.shape[1]))


def _seen(
    network: PartNetwork, photo: Photo, size_px: int, scales: Sequence[float], mirror_average: bool
) -> Tensor:
    """Logits of the whole photo ``[k, h, w]``, by a network, or by those that it is made of."""
    encoder, fast = getattr(network, "halves", (network, None))
    if fast is None:
        sizes = [max(1, round(size_px * scale)) for scale in scales]
        return _mean([_photo_logits(encoder, photo, size, mirror_average) for size in sizes])
    share: float = getattr(network, "share", 0.5)
    fast_px = max(1, round(fast.size_px * size_px / network.size_px))
    # The fast one may look often; the other, which takes a second, looks once.
    by_fast = _seen(fast, photo, fast_px, scales, mirror_average).log_softmax(0)
    by_encoder = _photo_logits(encoder, photo, size_px, False).log_softmax(0)
    height, width = by_encoder.shape[1:]
    return torch.lerp(by_encoder, F.interpolate(by_fast[None], (height, width), mode="bilinear")[0], share)


def segmentation_of(logits: Tensor, pixels: Pixels, part_set: PartSet, *, refine: bool) -> Segmentation:
    """What logits say of a photo, at the photo's own size; however large that is, little of it is in memory.

    Args:
        logits: of the whole photo, ``[k, h, w]``, at any size.
        pixels: the photo, uint8 ``[h, w, 3]``.
        part_set: what the logits mean.
        refine: let boundaries follow the edges of the photo, at the size of the logits.
    """
    if refine:
        logits = _refined_by(logits, pixels)
    height, width = pixels.shape[:2]
    label_map = np.empty((height, width), np.uint8)
    confidence = np.empty((height, width), np.float32)
    top = 0
    for strip in upsampled_strips(logits, height, width):
        best = strip.amax(dim=0)
        rows = slice(top, top + len(best))
        label_map[rows] = _first_equal(strip, best).cpu().numpy()
        # The largest softmax probability is exp(0) over the sum of exp(logit - best).
        confidence[rows] = torch.sub(strip, best).exp_().sum(dim=0).reciprocal_().cpu().numpy()
        top = rows.stop
    return Segmentation(label_map, confidence, part_set, PartProbabilities(logits, height, width))


def _first_equal(strip: Tensor, best: Tensor) -> Tensor:
    """The first part whose logit ``strip [k, h, w]`` is the largest, ``best [h, w]``: ids uint8 ``[h, w]``.

    As ``strip.max(0).indices``, in a third of the time.
    """
    n_parts = len(strip)
    countdown = torch.arange(n_parts, 0, -1, dtype=torch.uint8, device=strip.device)[:, None, None]
    return n_parts - (strip.eq(best) * countdown).amax(dim=0)


def _mean(several: Sequence[Tensor]) -> Tensor:
    """Mean of logits ``[k, h, w]`` of several sizes, at the size of the largest."""
    height, width = (max(one.shape[i] for one in several) for i in (1, 2))
    at_size = [F.interpolate(one[None], (height, width), mode="bilinear")[0] for one in several]
    return torch.stack(at_size).mean(0) if len(several) > 1 else several[0]


def network_size_px(network: PartNetwork, size_px: int | None) -> int:
    """The size that the network sees: as given, else its training size.

    Raises:
        BadOption: below 1.
    """
    if size_px is not None and size_px < 1:
        raise BadOption(f"size_px is {size_px}", expected="at least 1")
    return network.size_px if size_px is None else size_px


def _photo_logits(network: PartNetwork, photo: Photo, size_px: int, mirror_average: bool) -> Tensor:
    """Logits of the photo ``[k, h, w]``, the longer of h and w being ``size_px``, or the mean of both."""
    shown, (rows, columns) = _shown(network, photo.pixels, size_px)
    views = np.stack([shown, shown[:, ::-1]]) if mirror_average else shown[None]
    if hasattr(network, "of_pixels"):
        logits = torch.from_numpy(network.of_pixels(views))
    else:
        images = torch.from_numpy(views).permute(0, 3, 1, 2).float() / 127.5 - 1
        if getattr(network, "sees_filling", False):
            images = _with_filling(images, rows, columns)
        says: Callable[[Tensor], Tensor] = network
        if hasattr(network, "of_photo") and size_px == network.size_px and not mirror_average:
            says = partial(network.of_photo, photo_sha256=photo.sha256)
        with in_eval_mode(network), torch.no_grad():
            logits = says(images.to(device_of(network))).float()
    _check_logits(logits, (len(views), network.part_set.n_parts, *shown.shape[:2]))
    if mirror_average:
        mirrored = logits[1].flip(-1)[list(network.part_set.mirror_permutation())]
        logits = (logits[:1] + mirrored) / 2
    return logits[0, :, rows, columns]


def _shown(network: PartNetwork, pixels: Pixels, size_px: int) -> tuple[Pixels, tuple[slice, slice]]:
    """What a network is shown of a photo, and the rows and columns of the photo in it.

    One with a ``multiple_px`` reads photos of any shape; the others are shown squares.
    """
    multiple_px = getattr(network, "multiple_px", None)
    if multiple_px is None:
        return padded_square(pixels, size_px)
    height, width = whole_shape(pixels.shape[0], pixels.shape[1], size_px, multiple_px)
    return resize_pixels(pixels, width, height), (slice(None), slice(None))


def _with_filling(images: Tensor, rows: slice, columns: slice) -> Tensor:
    """Images ``[b, 3, s, s]``, the second mirrored, with a channel that is 1 where the photo is: four."""
    inside = torch.zeros_like(images[:, :1])
    inside[:1, :, rows, columns] = 1
    inside[1:] = inside[:1].flip(-1)
    return torch.cat([images, inside], dim=1)


def _check_logits(logits: Tensor, expected: tuple[int, ...]) -> None:
    if logits.shape != expected:
        raise ValueError(f"the network gives logits {tuple(logits.shape)}; expected {expected}")
    # What is no number, or infinite, is among the ends.
    if not torch.stack(torch.aminmax(logits)).isfinite().all():
        raise BadModelFile("the network's logits are not finite", remedy="Train it again")


@contextmanager
def in_eval_mode(network: PartNetwork) -> Iterator[None]:
    """Eval mode, which is undone at the end."""
    modules = network.modules() if isinstance(network, nn.Module) else ()
    training = [module for module in modules if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
