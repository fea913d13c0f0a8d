"""Pictures side by side, with captions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.encoding import resize_pixels

_CAPTION_SIZE_PX = 14
_CAPTION_HEIGHT_PX = 20
_MOST_NAME_PX = 160
_WHITE = (255, 255, 255)


def grid(
    pictures: Sequence[Pixels],
    n_columns: int | None = None,
    *,
    captions: Sequence[str] | None = None,
    gap_px: int = 4,
    background: tuple[int, int, int] = _WHITE,
) -> Pixels:
    """Pictures in rows and columns, each in the middle of a cell as large as the largest picture.

    Args:
        pictures: uint8 ``[h, w, 3]`` each, at least one.
        n_columns: about the square root of their number when not given.
        captions: a line of text below each picture; cut where it is wider than the cell.
        gap_px: between and around the cells.
        background: RGB.

    Returns:
        uint8 ``[h, w, 3]``.
    """
    if not pictures or (captions is not None and len(captions) != len(pictures)):
        raise ValueError(f"a grid needs pictures and as many captions, not {len(pictures)} and {captions}")
    n_columns = n_columns or math.ceil(math.sqrt(len(pictures)))
    n_rows = math.ceil(len(pictures) / n_columns)
    cell_height = max(picture.shape[0] for picture in pictures)
    cell_width = max(picture.shape[1] for picture in pictures)
    caption_px = 0 if captions is None else _CAPTION_HEIGHT_PX
    row_px, column_px = cell_height + caption_px + gap_px, cell_width + gap_px
    canvas = np.empty((n_rows * row_px + gap_px, n_columns * column_px + gap_px, 3), np.uint8)
    canvas[:] = background
    for index, picture in enumerate(pictures):
        top = gap_px + index // n_columns * row_px
        left = gap_px + index % n_columns * column_px
        height, width = picture.shape[:2]
        y, x = top + (cell_height - height) // 2, left + (cell_width - width) // 2
        canvas[y : y + height, x : x + width] = picture
        if captions is not None:
            line = canvas[top + cell_height : top + cell_height + caption_px, left : left + cell_width]
            line[:] = _text(captions[index], cell_width, background)
    return canvas


def with_row_names(
    rows: Pixels, names: Sequence[str], *, background: tuple[int, int, int] = _WHITE
) -> Pixels:
    """A picture of rows of one height, with the name of each row before it.

    Args:
        rows: uint8 ``[h, w, 3]``, as :func:`grid` gives it without captions.
        names: of the rows, from top to bottom; long ones are cut.
        background: RGB.

    Returns:
        uint8 ``[h, w + m, 3]``, higher where rows are lower than a line of text.
    """
    times = math.ceil(_CAPTION_HEIGHT_PX * len(names) / rows.shape[0])
    rows = rows.repeat(times, axis=0).repeat(times, axis=1)
    font = ImageFont.load_default(_CAPTION_SIZE_PX)
    width_px = min(_MOST_NAME_PX, math.ceil(max(font.getlength(name) for name in names)) + _CAPTION_SIZE_PX)
    margin = np.empty((rows.shape[0], width_px, 3), np.uint8)
    margin[:] = background
    for place, name in enumerate(names):
        middle = rows.shape[0] * (2 * place + 1) // (2 * len(names))
        top = min(max(0, middle - _CAPTION_HEIGHT_PX // 2), rows.shape[0] - _CAPTION_HEIGHT_PX)
        margin[top : top + _CAPTION_HEIGHT_PX] = _text(name, width_px, background)
    return np.concatenate([margin, rows], axis=1)


def side_by_side(
    panels: Sequence[Pixels],
    *,
    captions: Sequence[str] | None = None,
    height_px: int | None = None,
    gap_px: int = 4,
    background: tuple[int, int, int] = _WHITE,
) -> Pixels:
    """Panels in one row, all scaled to one height: ``height_px``, or that of the first panel."""
    height = height_px or panels[0].shape[0]
    scaled = [resize_pixels(p, max(1, round(p.shape[1] * height / p.shape[0])), height) for p in panels]
    return grid(scaled, len(scaled), captions=captions, gap_px=gap_px, background=background)


def _text(caption: str, width_px: int, background: tuple[int, int, int]) -> Pixels:
    """One centred line of text, ``[20, width_px, 3]``, dark on light or light on dark."""
    image = Image.new("RGB", (width_px, _CAPTION_HEIGHT_PX), background)
    font = ImageFont.load_default(_CAPTION_SIZE_PX)
    line = " ".join(caption.split())
    if font.getlength(line) > width_px:
        while line and font.getlength(line + "…") > width_px:
            line = line[:-1]
        line += "…"
    ink = "black" if sum(background) > 3 * 127 else "white"
    left = max(0.0, (width_px - font.getlength(line)) / 2)
    ImageDraw.Draw(image).text((left, 1), line, font=font, fill=ink)
    return np.asarray(image)
