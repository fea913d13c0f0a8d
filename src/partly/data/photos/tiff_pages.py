"""Pages of a TIFF: which one is the photo, and what its tags say before anything of it is decoded."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from partly.data.photos.sample_colours import N_COLOURS, PALETTE, SampleMeaning
from partly.errors import counted

_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RAW = {32803, 34892}  # colour filter array, linear raw
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_MOST_PAGES = 64
_MOST_THUMBNAIL_PX = 512

_PHOTOMETRIC_NAMES = {
    0: "grey",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "a mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32844: "LogL",
    32845: "LogLuv",
}
_COMPRESSION_NAMES = {6: "JPEG", 7: "JPEG", 33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000"}
_LOSSLESS = (1, 5, 8, 32773, 32946, 34925, 50000)
_SAMPLE_NAMES = {1: "", 2: " signed", 3: " float"}


@dataclass(frozen=True)
class PhotoPage:
    """The page of a TIFF that is the photo.

    Attributes:
        page: it, as tifffile has it.
        n_skipped: how many pages before it were passed over, as thumbnails or masks.
    """

    page: Any
    n_skipped: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.page.imagewidth), int(self.page.imagelength)

    @property
    def is_raw(self) -> bool:
        """Whether it is what a camera's sensor saw, not yet a picture."""
        return self.page.photometric in _RAW

    @property
    def is_plain(self) -> bool:
        """Whether it has a kind of samples that Pillow reads rightly: unsigned, of at most eight bits."""
        bits = self.page.bitspersample
        return bits in (1, 2, 4, 8) and self.page.sampleformat in (1, 4)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of the choice of the page."""
        if not self.n_skipped:
            return ()
        return (f"{counted(self.n_skipped, 'page')} before it passed over, as small copies or masks",)

    @property
    def orientation(self) -> Any:
        """The value of the tag; 1 where there is none."""
        tag = self.page.tags.get(274)
        return 1 if tag is None else tag.value

    def first_in(self, file: BinaryIO) -> BinaryIO:
        """The file, or a copy that begins with this page: Pillow finds none that lies below another."""
        if not self.n_skipped:
            return file
        file.seek(0)
        content = bytearray(file.read())
        order = "<" if content[:2] == b"II" else ">"
        is_big = 43 in content[2:4]
        struct.pack_into(order + ("Q" if is_big else "I"), content, 8 if is_big else 4, self.page.offset)
        return io.BytesIO(content)

    def meaning(self) -> SampleMeaning | None:
        """What its samples mean; None where no kind that is read here has such samples."""
        page = self.page
        n_colours = N_COLOURS.get(int(page.photometric))
        if n_colours is None or page.samplesperpixel < n_colours or not isinstance(page.bitspersample, int):
            return None
        palette = None
        if page.photometric == PALETTE:
            if page.colormap is None:
                return None
            palette = np.ascontiguousarray(np.asarray(page.colormap, np.uint16).T)
        extras = tuple(int(extra) for extra in page.extrasamples)
        return SampleMeaning(int(page.photometric), int(page.bitspersample), extras, palette)

    def described(self) -> str:
        """Its kind in words: "RGB, 3 x 32-bit float"."""
        page = self.page
        colours = _PHOTOMETRIC_NAMES.get(int(page.photometric), f"photometric {int(page.photometric)}")
        number = _SAMPLE_NAMES.get(int(page.sampleformat), f" format {int(page.sampleformat)}")
        text = f"{colours}, {page.samplesperpixel} x {page.bitspersample}-bit{number}"
        if not isinstance(page.compression, int):
            return f"{text}, compression {page.compression}"
        packed = int(page.compression)
        return (
            text
            if packed in _LOSSLESS
            else f"{text}, {_COMPRESSION_NAMES.get(packed, f'compression {packed}')}"
        )


def is_tiff(head: bytes) -> bool:
    """Whether a file that begins so is a TIFF, small or big."""
    return head[:4] in _STARTS


def photo_page(file: BinaryIO) -> PhotoPage | None:
    """The first page that is no thumbnail and no mask, below another page too; else the first.

    A small page is a thumbnail too if a later one has its shape and is at least twice as large: not all
    programs set the tag. None where the tags cannot be read: Pillow will say what is wrong.
    """
    import tifffile  # takes a fifth of a second, and only TIFFs need it

    try:
        file.seek(0)
        pages = tifffile.TiffFile(file).pages
        found = [PhotoPage(page, n) for n, page in enumerate(_all_pages(pages))]
        whole = [photo for photo in found if not int(photo.page.subfiletype) & (_REDUCED | _MASK)]
        best = (whole or found)[0]
        return next((photo for photo in whole if _is_thumbnail(best, photo)), best)
    # Damaged tags raise nearly anything.
    except Exception:  # noqa: BLE001
        return None


def _all_pages(pages: Any) -> Iterator[Any]:
    """Pages, each before those that lie below it (SubIFDs); up to the first that is damaged."""
    yield pages[0]
    try:
        yield from pages[0].pages or ()
        for number in range(1, _MOST_PAGES):
            yield pages[number]
            yield from pages[number].pages or ()
    # There is no further page, or it has damaged tags, which raise nearly anything.
    except Exception:  # noqa: BLE001
        return


def _is_thumbnail(small: PhotoPage, large: PhotoPage) -> bool:
    """Whether one page can only be a small copy of the other, by their sizes."""
    width, height = small.size
    times = large.size[0] / width, large.size[1] / height
    rounded = 1 / min(width, height)
    return (
        max(width, height) <= _MOST_THUMBNAIL_PX
        and min(times) >= 2
        and abs(times[0] / times[1] - 1) <= rounded
    )
