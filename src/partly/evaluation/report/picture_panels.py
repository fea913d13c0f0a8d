"""Pictures side by side: photos, labels, overlays, and the photos where a network does worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from partly.data.labels import UNLABELLED, PartSet, resize_label_map
from partly.data.photos import colour, jpeg_data_uri, overlay, png_data_uri, resize_pixels, thumbnail
from partly.errors import PartlyError
from partly.evaluation.metrics.evaluation_scores import ExamplePhoto
from partly.evaluation.report.templates_rendering import percent, render

Pixels = NDArray[np.uint8]
MAX_SIZE_PX = 512


def picture_uri(pixels: Pixels, *, flat: bool = False, max_size_px: int = MAX_SIZE_PX) -> str:
    """A picture as data URI: JPEG, or PNG for a coloured label map.

    Args:
        pixels: ``uint8 [h, w, 3]``.
        flat: few colours with hard edges: shrunk without blending, kept without loss.
        max_size_px: the longer side is shrunk to this.
    """
    if flat:
        return png_data_uri(thin_out(pixels, max_size_px))
    return jpeg_data_uri(thumbnail(pixels, max_size_px))


def thin_out(pixels: Pixels, max_size_px: int) -> Pixels:
    """Shrink ``uint8 [h, w]`` or ``[h, w, c]`` by leaving pixels out, until its longer side fits."""
    step = -(-max(pixels.shape[:2]) // max_size_px)
    return pixels[::step, ::step]


LabelMap = NDArray[np.uint8]
_OPACITY = 0.6


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to show.

    Attributes:
        pixels: ``uint8 [h, w, 3]``.
        alt: what it shows, for those who do not see it.
        caption: a few words below it.
        flat: few colours with hard edges, such as a coloured label map.
    """

    pixels: Pixels
    alt: str
    caption: str = ""
    flat: bool = False

    @property
    def uri(self) -> str:
        """The picture as data URI."""
        return picture_uri(self.pixels, flat=self.flat)


@dataclass(frozen=True)
class Panel:
    """Pictures that belong together, with what is known about them.

    Attributes:
        title: usually the photo's name.
        pictures: shown side by side.
        figure: a number about them ("41.2 %").
        note: a sentence about them.
    """

    title: str
    pictures: Sequence[Picture]
    figure: str = ""
    note: str = ""


def picture_grid(pictures: Sequence[Picture], *, width_px: int = 176) -> Markup:
    """Pictures with captions in rows, as many in a row as fit at the given width."""
    return render("picture_grid.html", pictures=pictures, width_px=width_px)


def panels(groups: Sequence[Panel]) -> Markup:
    """Groups of pictures, one below the other or beside each other where there is room."""
    return render("panels.html", panels=groups)


def labelled_pictures(
    name: str, pixels: Pixels, label_map: LabelMap, part_set: PartSet
) -> tuple[Picture, ...]:
    """A picture or photo and its label map as an overlay.

    Args:
        name: for the alternative texts.
        pixels: ``uint8 [h, w, 3]``.
        label_map: ``uint8 [h, w]``; brought to the photo's size on the page.
        part_set: the parts and their colours.
    """
    photo = thumbnail(pixels, MAX_SIZE_PX)
    labels = resize_label_map(label_map, photo.shape[:2])
    present = ", ".join(part_set.names[i] for i in np.unique(labels) if i < part_set.n_parts)
    return (
        Picture(photo, name),
        Picture(overlay(photo, labels, part_set.colours, opacity=_OPACITY), f"{name}, parts: {present}"),
    )


def worst_photos(examples: Sequence[ExamplePhoto], part_set: PartSet) -> Markup:
    """Photo, truth, prediction and wrong pixels of photos, each with its figure."""
    return panels([_example_panel(example, part_set) for example in examples])


def _example_panel(example: ExamplePhoto, part_set: PartSet) -> Panel:
    name = example.score.name
    photo, note = _read(example)
    return Panel(
        title=name,
        pictures=_with_photo(name, photo, example, part_set)
        if photo is not None
        else _without_photo(name, example, part_set),
        figure=f"{percent(example.score.mean_iou)} %",
        note=note or _weakest_parts(example, part_set),
    )


def _read(example: ExamplePhoto) -> tuple[Pixels | None, str]:
    """The photo at the size of its label maps, or why it is not shown."""
    if example.read_photo is None:
        return None, ""
    try:
        pixels = example.read_photo()
    except PartlyError as error:
        return None, f"The photo cannot be shown: {error}"
    height, width = example.truth.shape
    return resize_pixels(pixels, width, height), ""


def _with_photo(name: str, photo: Pixels, example: ExamplePhoto, part_set: PartSet) -> tuple[Picture, ...]:
    grey = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)

    def painted(pixels: Pixels, label_map: LabelMap, opacity: float) -> Pixels:
        return overlay(pixels, label_map, part_set.colours, opacity=opacity)

    return (
        Picture(photo, f"{name}: the photo", "photo"),
        Picture(painted(photo, example.truth, _OPACITY), f"{name}: the truth", "truth"),
        Picture(painted(photo, example.prediction, _OPACITY), f"{name}: the prediction", "prediction"),
        Picture(painted(grey, _wrong(example), 0.9), f"{name}: wrong pixels, as predicted", "wrong pixels"),
    )


def _without_photo(name: str, example: ExamplePhoto, part_set: PartSet) -> tuple[Picture, ...]:
    def painted(label_map: LabelMap) -> Pixels:
        return colour(label_map, part_set.colours)

    return (
        Picture(painted(example.truth), f"{name}: the truth", "truth", flat=True),
        Picture(painted(example.prediction), f"{name}: the prediction", "prediction", flat=True),
        Picture(painted(_wrong(example)), f"{name}: wrong pixels, as predicted", "wrong pixels", flat=True),
    )


def _wrong(example: ExamplePhoto) -> LabelMap:
    wrong = (example.truth != example.prediction) & (example.truth != UNLABELLED)
    return np.where(wrong, example.prediction, UNLABELLED).astype(np.uint8)


def _weakest_parts(example: ExamplePhoto, part_set: PartSet, n_parts: int = 3) -> str:
    known = [
        (iou, name) for iou, name in zip(example.score.part_iou, part_set.names, strict=True) if iou == iou
    ]
    weakest = sorted(known, key=lambda pair: pair[0])[:n_parts]
    return "Weakest: " + ", ".join(f"{name} {percent(iou, 0)}" for iou, name in weakest) if weakest else ""
