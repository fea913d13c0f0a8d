"""A label on a photo becomes a label on the generated picture at the photo's latent."""

from __future__ import annotations

from collections.abc import Callable

from partly.data.labels import UNLABELLED, Annotation, LabelMap, annotation_id_from, resize_label_map
from partly.data.photos import Fit, Photo, Window, bare_name
from partly.errors import BadLabel
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.photo_inversion import Inverted, invert_photos
from partly.inference.invert.picture_distances import PictureDistance
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import LatentEncoder
from partly.models.generators import Generator


def annotate_latent(
    generator: Generator,
    photo: Photo,
    label_map: LabelMap,
    options: InvertOptions | None = None,
    *,
    distance: PictureDistance | None = None,
    encoder: LatentEncoder | None = None,
    machine: Machine = PROCESSOR,
    on_step: Callable[[int, int], None] | None = None,
) -> tuple[Annotation, Inverted]:
    """Find a photo in a generator, and take its label map for one of the picture that is found.

    The picture must be like the photo at each pixel, so that latents of each layer are searched for where
    there are such. What is told of both says how like they are: look at them before trusting the label.

    Args:
        generator: whose latent.
        photo: what was labelled.
        label_map: part ids, uint8 ``[h, w]`` of the photo's shape.
        options: how to search.
        distance: what photo and picture are compared by; None: what the options say.
        encoder: says where the search begins.
        machine: what computes.
        on_step: told how many steps are done, of how many.

    Returns:
        The annotation of a latent, which :func:`partly.fewshot.fitting.fit_few_shot` takes, with a label map
        of the generator's size, and what was found. Its id is made of the photo's name.

    Raises:
        BadLabel: the label map has another shape, or nothing of it is in the generator's square.
        PartlyError: as :func:`invert_photos`.
    """
    options = options or InvertOptions()
    if label_map.shape != (photo.height_px, photo.width_px):
        raise BadLabel(
            f"the label map of {photo.name} is {label_map.shape[1]} x {label_map.shape[0]} px",
            expected=f"{photo.width_px} x {photo.height_px} px, as the photo",
        )
    square = label_in_square(label_map, generator.image_size_px, options.fit)
    if (square == UNLABELLED).all():
        raise BadLabel(
            f"nothing is labelled of what the generator's square shows of {photo.name}",
            expected="labels in the middle of the photo",
            remedy="Take the whole photo, padded: fit pad",
        )
    [inverted] = invert_photos(
        generator, [photo], options, distance=distance, encoder=encoder, machine=machine, on_step=on_step
    )
    return Annotation(latent_annotation_id(photo), square, inverted.latent, generator.digest), inverted


def latent_annotation_id(photo: Photo) -> str:
    """Id of the annotation that a labelled photo becomes."""
    return annotation_id_from(f"found-{bare_name(photo.name)}")


def label_in_square(label_map: LabelMap, size_px: int, fit: Fit) -> LabelMap:
    """What a generator's square shows of a label map ``[h, w]``: ``[size_px, size_px]``.

    Args:
        label_map: of a photo.
        size_px: side of the square.
        fit: "crop" shows the middle, "pad" all; what is beyond the photo is unlabelled.
    """
    cut = Window.of(label_map.shape[0], label_map.shape[1], fit).cut(label_map, UNLABELLED)
    return resize_label_map(cut, (size_px, size_px))
