"""Pages of a TIFF: which one is the photo, and what its tags say before anything of it is decoded."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
        number: of the page, from 1; of one that lies below another, that one's.
        is_below: whether it lies below another (SubIFDs).
    """

    page: Any
    n_skipped: int
    number: int = 1
    is_below: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.page.imagewidth), int(self.page.imagelength)

    @property
    def is_whole(self) -> bool:
        """Whether it is no small copy of another page, and no mask, by its tag."""
        return not int(self.page.subfiletype) & (_REDUCED | _MASK)

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
        if self.number == 1 and not self.is_below:
            return file
        file.seek(0)
        content = bytearray(file.read())
        order, is_big = _layout(content)
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


def _layout(head: bytes | bytearray) -> tuple[str, bool]:
    """The order of bytes in numbers, as :mod:`struct` has it, and whether the TIFF is a big one."""
    return "<" if head[:2] == b"II" else ">", 43 in head[2:4]


def page_offset(file: BinaryIO, behind: int | None = None) -> int:
    """Where the tags of the page lie that follows another; 0 where there is none.

    Args:
        file: a TIFF.
        behind: where those of the other page lie; None is the first page.

    Raises:
        struct.error: the file ends before.
    """
    file.seek(0)
    head = file.read(16)
    order, is_big = _layout(head)
    number, n_bytes, tag_bytes = ("Q", 8, 20) if is_big else ("I", 4, 12)
    first: int = struct.unpack_from(order + number, head, n_bytes)[0]
    file.seek(first if behind is None else behind)
    n_tags: int = struct.unpack(order + ("Q" if is_big else "H"), file.read(8 if is_big else 2))[0]
    file.seek(n_tags * tag_bytes, 1)
    following: int = struct.unpack(order + number, file.read(n_bytes))[0]
    return following


def photo_page(file: BinaryIO) -> PhotoPage | None:
    """The first page that is no thumbnail and no mask, below another page too; else the first.

    A small page is a thumbnail too if a later one has its shape and is at least twice as large: not all
    programs set the tag. None where the tags cannot be read: Pillow will say what is wrong.
    """
    import tifffile  # takes a fifth of a second, and only TIFFs need it

    try:
        file.seek(0)
        pages = tifffile.TiffFile(file).pages
        found = [replace(photo, n_skipped=n) for n, photo in enumerate(_all_pages(pages))]
        whole = [photo for photo in found if photo.is_whole]
        best = (whole or found)[0]
        return next((photo for photo in whole if _is_thumbnail(best, photo)), best)
    # Damaged tags raise nearly anything.
    except Exception:  # noqa: BLE001
        return None


@dataclass(frozen=True)
class PhotoNumbers:
    """Which pages of a TIFF are photos.

    Attributes:
        numbers: theirs, from 1.
        first: the one that :func:`photo_page` gives.
        n_pages: how many pages there are, as far as they can be followed.
        is_cut: the tags of the next page are damaged.
    """

    numbers: tuple[int, ...]
    first: int
    n_pages: int
    is_cut: bool


def tiff_photo_numbers(file: BinaryIO, most: int) -> PhotoNumbers:
    """The pages that are photos: no small copies, no masks, no levels of a pyramid.

    Small copies and masks have a tag that says so. Without it, a page is one if :func:`photo_page` passes it
    over, or if it and the photo before it are tiled, as levels of pyramids are, and it has that one's shape
    and at most half its size.

    Args:
        file: a TIFF with sound tags.
        most: no more are looked for.
    """
    import tifffile

    first = photo_page(file)
    file.seek(0)
    pages = tifffile.TiffFile(file).pages
    n_pages, n_looked_at, is_cut = len(pages), 0, False
    photos: list[PhotoPage] = []
    while n_looked_at < n_pages and len(photos) < most:
        try:
            photo = _photo_at(pages[n_looked_at], n_looked_at + 1)
        # Damaged tags raise nearly anything.
        except Exception:  # noqa: BLE001
            is_cut = True
            break
        n_looked_at += 1
        if photo is not None and not (photos and _is_level(photo, photos[-1])):
            photos.append(photo)
    if n_looked_at == n_pages:
        # Where tags are damaged, tifffile's pages end, though another one follows.
        is_cut = is_cut or bool(page_offset(file, pages[n_pages - 1].offset))
    if not photos:
        return PhotoNumbers((), 1, n_pages, is_cut)
    numbers = [photo.number for photo in photos]
    usual = first.number if first else 1
    if usual in numbers and usual != numbers[0]:
        del numbers[0]  # a thumbnail that has no tag
    return PhotoNumbers(tuple(numbers), usual if usual in numbers else numbers[0], n_pages, is_cut)


def numbered_page(pages: Any, number: int) -> PhotoPage:
    """The photo of a page, or that page where it is none.

    Args:
        pages: of the file, as tifffile has them.
        number: of the page, from 1.

    Raises:
        Exception: of any kind, where tags are damaged.
    """
    page = pages[number - 1]
    return _photo_at(page, number) or PhotoPage(page, 0, number)


def _photo_at(page: Any, number: int) -> PhotoPage | None:
    """The first photo of a page and those that lie below it."""
    candidates = [PhotoPage(page, 0, number)]
    if not candidates[0].is_whole:
        candidates += [PhotoPage(below, 0, number, is_below=True) for below in page.pages or ()]
    return next((photo for photo in candidates if photo.is_whole), None)


def _all_pages(pages: Any) -> Iterator[PhotoPage]:
    """Pages, each before those that lie below it (SubIFDs); up to the first that is damaged."""
    yield PhotoPage(pages[0], 0)
    try:
        for number in range(1, _MOST_PAGES + 1):
            if number > 1:
                yield PhotoPage(pages[number - 1], 0, number)
            for below in pages[number - 1].pages or ():
                yield PhotoPage(below, 0, number, is_below=True)
    # There is no further page, or it has damaged tags, which raise nearly anything.
    except Exception:  # noqa: BLE001
        return


def _is_thumbnail(small: PhotoPage, large: PhotoPage) -> bool:
    """Whether one page can only be a small copy of the other, by their sizes."""
    return max(small.size) <= _MOST_THUMBNAIL_PX and _is_reduced(small, large)


def _is_level(small: PhotoPage, large: PhotoPage) -> bool:
    """Whether one page is a level of the other's pyramid, though it does not say so."""
    return bool(small.page.is_tiled and large.page.is_tiled) and _is_reduced(small, large)


def _is_reduced(small: PhotoPage, large: PhotoPage) -> bool:
    """Whether one page has the other's shape, and at most half its size."""
    width, height = small.size
    if not width or not height:
        return False
    times = large.size[0] / width, large.size[1] / height
    return min(times) >= 2 and abs(times[0] / times[1] - 1) <= 1 / min(width, height)
