"""Photos to latents: squares of the generator's size, searched for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.data.photos import Photo, Pixels, padded_place, resize_pixels, squared
from partly.errors import BadPhoto
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.latent_search import Found, OnStep, search
from partly.inference.invert.picture_distances import PictureDistance, chosen_distance
from partly.machine import PROCESSOR, FittingBatches, Machine, OnHalved
from partly.models.encoders import LatentEncoder
from partly.models.generators import Generator, to_bytes

WeightsOf = Callable[[Photo], NDArray[np.float32]]
_AT_ONCE_ON_GPU = 8


@dataclass(frozen=True, eq=False)
class Inverted:
    """A photo with its latent.

    Attributes:
        name: of the photo.
        space: "w", "w+" or "z": what was searched in.
        latent: mapped latent float32 ``[l, v]``, in whatever space it was found.
        z: float32 ``[z]``, where it was searched in ``z``; else None.
        noise: maps float32 ``[h, w]`` by the names of the generator's inputs, where they were searched for.
        picture: the latent's, uint8 ``[s, s, 3]``.
        square: the photo as it was searched for, uint8 ``[s, s, 3]``.
        distance: of both, 0 or more; not finite where the search diverged at once.
        distance_name: what it is: "LPIPS".
        pixel_distance: mean square of differences, where values go from -1 to 1.
        n_steps: that were done.
        time_s: of the search, shared by the photos that were searched for at once.
        diverged: it came to what is no number; the best one before is kept.
    """

    name: str
    space: str
    latent: NDArray[np.float32]
    z: NDArray[np.float32] | None
    noise: dict[str, NDArray[np.float32]]
    picture: Pixels
    square: Pixels
    distance: float
    distance_name: str
    pixel_distance: float
    n_steps: int
    time_s: float
    diverged: bool


def invert_photos(
    generator: Generator,
    photos: Sequence[Photo],
    options: InvertOptions | None = None,
    *,
    distance: PictureDistance | None = None,
    encoder: LatentEncoder | None = None,
    weights_of: WeightsOf | None = None,
    machine: Machine = PROCESSOR,
    batches: FittingBatches | None = None,
    on_step: OnStep | None = None,
) -> list[Inverted]:
    """Latents of photos; where memory is too short for as many at once, fewer are searched for.

    Args:
        generator: whose latents; it is moved to the machine.
        photos: of any size.
        options: how to search.
        distance: what photos and pictures are compared by; None: what the options say. Moved to the machine.
        encoder: says where the search begins; moved to the machine.
        weights_of: how much each place of a photo counts, float32 ``[h, w]`` of the photo's shape, 0 or more;
            None: all alike.
        machine: what computes.
        batches: of how many photos; None: as :func:`photos_at_once` says.
        on_step: told how many steps are done, of how many, summed over photos.

    Raises:
        BadModelFile: the encoder is of another generator.
        BadOption: the generator has no such latents or class.
        BadPhoto: no photo, or one that is too small.
        NotAvailable: the network of the distance must be got first.
    """
    options = options or InvertOptions()
    if not photos:
        raise BadPhoto("there is no photo", expected="one or more")
    if encoder is not None:
        encoder.check_generator(generator)
    if distance is None:
        distance = chosen_distance(options.distance, options.compared_px).distance
    for photo in photos:
        check_size(photo, generator, options)
    place_all(machine, generator, distance, encoder)
    compared, found = distance, list[Inverted]()

    def work(some: Sequence[Photo]) -> list[Inverted]:
        told = _of_all(on_step, len(found), len(some), len(photos))
        return _inverted(generator, some, options, compared, encoder, weights_of, machine, told)

    for _, more in (batches or fitting_batches(options, machine)).each(work, photos):
        found += more
    return found


def fitting_batches(
    options: InvertOptions, machine: Machine, on_halved: OnHalved | None = None
) -> FittingBatches:
    """Batches of as many photos as are searched for at once."""
    return FittingBatches(photos_at_once(options, machine), on_halved)


def photos_at_once(options: InvertOptions, machine: Machine) -> int:
    """How many photos are searched for at once."""
    return options.at_once or (1 if machine.device.type == "cpu" else _AT_ONCE_ON_GPU)


def place_all(
    machine: Machine, generator: Generator, distance: PictureDistance, encoder: LatentEncoder | None
) -> None:
    """Move all networks to the machine."""
    machine.place(*(m for m in (generator, encoder) if isinstance(m, torch.nn.Module)))
    distance.place(machine)


def check_size(photo: Photo, generator: Generator, options: InvertOptions) -> None:
    """Refuse a photo whose square is smaller than what is compared.

    Raises:
        BadPhoto: it is, and it is not to be enlarged.
    """
    sides = (photo.height_px, photo.width_px)
    side_px = min(sides) if options.fit == "crop" else max(sides)
    least_px = min(generator.image_size_px, options.compared_px)
    if side_px < least_px and not options.enlarge:
        raise BadPhoto(
            f"is {photo.width_px} x {photo.height_px} px, smaller than the generator's pictures "
            f"({generator.image_size_px} px, compared at {least_px} px)",
            expected=f"{least_px} px or more at its {'shorter' if options.fit == 'crop' else 'longer'} side",
            remedy="Give a larger photo, or take it enlarged with --enlarge",
            path=photo.name,
        )


def _inverted(
    generator: Generator,
    photos: Sequence[Photo],
    options: InvertOptions,
    distance: PictureDistance,
    encoder: LatentEncoder | None,
    weights_of: WeightsOf | None,
    machine: Machine,
    on_step: OnStep | None,
) -> list[Inverted]:
    began = time.monotonic()
    size_px = generator.image_size_px
    squares = [squared(photo.pixels, size_px, options.fit) for photo in photos]
    images = images_from(squares).to(machine.device)
    weights = _weights(photos, size_px, options, weights_of)
    start = None if encoder is None else encoder.latents(images)
    found = search(
        generator, images, options, distance, start, weights=weights, machine=machine, on_step=on_step
    )
    time_s = (time.monotonic() - began) / len(photos)
    return [
        _of_found(found, i, photo.name, squares[i], distance.name, time_s) for i, photo in enumerate(photos)
    ]


def images_from(squares: Sequence[Pixels]) -> Tensor:
    """Photos uint8 ``[s, s, 3]`` as images ``[b, 3, s, s]`` in [-1, 1]."""
    stacked = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)
    return stacked.float() / 127.5 - 1


def _of_found(found: Found, i: int, name: str, square: Pixels, distance_name: str, time_s: float) -> Inverted:
    picture = to_bytes(found.images[i : i + 1].nan_to_num())[0].permute(1, 2, 0)
    return Inverted(
        name,
        found.space,
        _array(found.w[i]),
        None if found.z is None else _array(found.z[i]),
        {key: _array(maps[i, 0]) for key, maps in found.noise.items()},
        np.ascontiguousarray(picture.cpu().numpy()),
        square,
        float(found.distances[i]),
        distance_name,
        float(found.pixel_distances[i]),
        int(found.n_steps[i]),
        time_s,
        bool(found.diverged[i]),
    )


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())


def _weights(
    photos: Sequence[Photo], size_px: int, options: InvertOptions, weights_of: WeightsOf | None
) -> Tensor | None:
    """``[b, 1, s, s]``; what pads a photo counts nothing. None where all places count alike."""
    if weights_of is None and options.fit == "crop":
        return None
    rows = []
    for photo in photos:
        shape = (photo.height_px, photo.width_px)
        own = np.ones(shape, np.float32) if weights_of is None else weights_of(photo)
        if own.shape != shape or not np.isfinite(own).all() or (own < 0).any():
            raise BadPhoto(
                f"has weights of shape {list(own.shape)}",
                expected=f"{list(shape)}, as the photo, all of them 0 or more",
                path=photo.name,
            )
        rows.append(_square_weights(own, size_px, options.fit))
    return torch.from_numpy(np.stack(rows))[:, None]


def _square_weights(weights: NDArray[np.float32], size_px: int, fit: str) -> NDArray[np.float32]:
    """Weights ``[h, w]`` of a photo as those of its square."""
    most = float(weights.max()) or 1.0
    grey = np.repeat((weights * (255 / most)).round().astype(np.uint8)[:, :, None], 3, axis=2)
    if fit == "crop":
        return _shares(squared(grey, size_px, "crop"))
    height, width = weights.shape
    rows, columns = padded_place(height, width, size_px)
    square = np.zeros((size_px, size_px), np.float32)
    shrunk = resize_pixels(grey, columns.stop - columns.start, rows.stop - rows.start)
    square[rows, columns] = _shares(shrunk)
    return square


def _shares(grey: Pixels) -> NDArray[np.float32]:
    """Grey pixels uint8 ``[h, w, 3]`` as shares float32 ``[h, w]``."""
    return np.divide(grey[:, :, 0], 255, dtype=np.float32)


def _of_all(on_step: OnStep | None, n_before: int, n: int, n_photos: int) -> OnStep | None:
    """Steps of ``n`` photos, with ``n_before`` done before them, as steps of all photos."""
    return on_step and (lambda done, total: on_step(n_before * total + n * done, n_photos * total))
