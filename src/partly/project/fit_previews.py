"""What a fitted segmenter makes of pictures or photos that nobody labelled, to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from partly.data.labels import Picture, is_same_picture, resize_label_map
from partly.data.photos import grid, overlay, side_by_side, thumbnail, write_jpeg, write_png
from partly.errors import BadPhoto
from partly.fewshot.features import FeatureSource
from partly.fewshot.fitting import Teacher
from partly.models.generators import Truncation, pixels_of
from partly.storage import picture_seed

_PREVIEW_PX = 256
_N_PREVIEWS = 8
_OPACITY = 0.6


@torch.inference_mode()
def write_previews(
    path: Path,
    source: FeatureSource,
    teacher: Teacher,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write new pictures beside their labels: each as a JPEG in a folder, all of them as one PNG.

    Of photos these are some that nobody labelled; where all are labelled, there are no others to show.
    Photos that cannot be read are passed over.

    Args:
        path: the PNG; the folder is called as it is, without suffix.
        source: has the pictures.
        teacher: fitted on it.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadPhoto: not one photo can be read.
    """
    segmenter, colours = teacher.segmenter, teacher.part_set.colours
    finest_px = max(source.levels[i].size_px for i in segmenter.level_indexes)
    rows = []
    unreadable: BadPhoto | None = None
    for picture in _unseen(source, teacher):
        try:
            synthesis = source.with_image(picture, finest_px)
        except BadPhoto as error:
            unreadable = error
            continue
        shown = thumbnail(pixels_of(synthesis), _PREVIEW_PX)
        height, width = shown.shape[:2]
        best = segmenter(synthesis.pyramid, max(height, width))[0].argmax(0)
        labels = resize_label_map(best.to(torch.uint8).cpu().numpy(), (height, width))
        rows.append(side_by_side([shown, overlay(shown, labels, colours, _OPACITY)]))
        write_jpeg(path.with_suffix("") / f"preview-{len(rows)}.jpg", rows[-1])
        if on_progress:
            on_progress("previewing", len(rows), _N_PREVIEWS)
        if len(rows) == _N_PREVIEWS:
            break
    if unreadable is not None and not rows:
        raise unreadable
    write_png(path, grid(rows, 2, gap_px=0))


def _unseen(source: FeatureSource, teacher: Teacher) -> Iterator[Picture]:
    """Pictures that nobody labelled, in an order that is always the same; all photos where none is left."""
    seed = picture_seed("previews")
    n_photos = source.n_pictures
    if n_photos is None:
        for index in range(_N_PREVIEWS):
            yield source.plain("previews", seed, index, Truncation(0.7, 1.0))
        return
    labelled = []
    for index in range(n_photos):
        photo = source.plain("previews", seed, index, Truncation(0.7, 1.0))
        if any(is_same_picture(photo, annotation) for annotation in teacher.annotations):
            labelled.append(photo)
        else:
            yield photo
    if len(labelled) == n_photos:
        yield from labelled
