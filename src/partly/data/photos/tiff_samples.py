"""Samples of a TIFF's page, whatever their type: tifffile arranges them, libtiff unpacks them.

tifffile alone would unpack as much as a file's bytes give. libtiff, which Pillow brings, unpacks what the
page says it holds and no more, and knows the compressions that tifffile leaves to a large package.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.orientation import orientation_number, upright
from partly.data.photos.sample_colours import rgb_of_samples
from partly.data.photos.tiff_pages import PhotoPage

_MOST_BYTES_A_PIXEL = 16  # of four floats
_NONE, _FLOATS = 1, 3
_WHOLE_BYTES = (8, 16, 32, 64)
# LZW, deflate (two numbers), PackBits, LZMA, Zstandard: bytes in, bytes out.
_OF_BYTES = {5, 8, 32946, 32773, 34925, 50000}


class UnknownSamples(Exception):
    """Samples that nothing here can decode."""


def tiff_pixels(photo: PhotoPage, max_pixels: int) -> Pixels:
    """A page as upright pixels, uint8 ``[h, w, 3]``.

    Args:
        photo: the page; no larger than ``max_pixels``.
        max_pixels: of a photo; samples may take 16 bytes for each.

    Raises:
        UnknownSamples: of a type, arrangement or compression that cannot be decoded.
        MemoryError: the samples would take more.
        OSError, ValueError: bytes are missing or damaged.
    """
    meaning = photo.meaning()
    if meaning is None:
        raise UnknownSamples
    samples = read_samples(photo, _MOST_BYTES_A_PIXEL * max_pixels)
    return upright(rgb_of_samples(samples, meaning), orientation_number(photo.orientation))


def read_samples(photo: PhotoPage, max_bytes: int) -> NDArray[Any]:
    """All samples of a page, ``[h, w, n]``, of the page's own type in this machine's byte order.

    Args:
        photo: the page.
        max_bytes: the most that samples may take; looked at before anything is unpacked.

    Raises:
        UnknownSamples: of a type, arrangement or compression that cannot be decoded.
        MemoryError: they would take more than ``max_bytes``.
        OSError, ValueError: bytes are missing or damaged.
    """
    page = photo.page
    compression, fill_order = int(page.compression), int(page.fillorder)
    if compression != _NONE and compression not in _OF_BYTES:
        raise UnknownSamples
    if page.dtype is None or page.dtype.kind not in "uif":
        raise UnknownSamples
    if page.imagedepth != 1 or not isinstance(page.bitspersample, int):
        raise UnknownSamples
    is_packed = page.bitspersample not in _WHOLE_BYTES
    if is_packed and (page.dtype.kind != "u" or page.predictor != 1 or page.bitspersample > 31):
        raise UnknownSamples
    n_planes, _, height, width, n_together = page.shaped
    samples = np.zeros((n_planes, height, width, n_together), page.dtype)
    if samples.nbytes > max_bytes:
        raise MemoryError
    if compression != _NONE:
        # The decoder gets unpacked bytes; libtiff puts their bits in order.
        page.compression, page.fillorder = _NONE, 1
    is_split = page.predictor == _FLOATS and page.dtype.kind == "f"
    if is_split:
        page.predictor = _NONE
    for index, (offset, n_packed) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        _, _, shape = _decoded(page, None, index)
        n_bytes = shape[1] * -(-shape[2] * shape[3] * page.bitspersample // 8)
        if n_bytes > max_bytes:
            raise MemoryError
        if not offset and not n_packed:
            continue  # a sparse file leaves out what is 0
        page.parent.filehandle.seek(offset)
        data = page.parent.filehandle.read(n_bytes if compression == _NONE else n_packed)
        if compression != _NONE:
            data = _unpacked(data, n_bytes, compression, fill_order)
        if len(data) < n_bytes:
            raise OSError(f"{n_bytes - len(data)} bytes are missing")
        if is_packed:
            _, (plane, _, top, left, _), _ = _decoded(page, None, index)
            decoded = _packed_integers(data, shape, page.bitspersample, int(page.fillorder))[None]
        elif is_split:
            _, (plane, _, top, left, _), _ = _decoded(page, None, index)
            decoded = _joined_floats(data, shape, page.bitspersample // 8)[None]
        else:
            decoded, (plane, _, top, left, _), _ = _decoded(page, data, index)
        rows, columns = min(shape[1], height - top), min(shape[2], width - left)
        samples[plane, top : top + rows, left : left + columns] = decoded[0, :rows, :columns]
    return samples[0] if n_planes == 1 else np.ascontiguousarray(np.moveaxis(samples[..., 0], 0, -1))


def _decoded(page: Any, data: bytes | None, index: int) -> Any:
    try:
        return page.decode(data, index)
    except (NotImplementedError, ValueError, KeyError) as error:
        raise UnknownSamples from error


def _packed_integers(data: bytes, shape: tuple[int, ...], bits: int, fill_order: int) -> NDArray[Any]:
    """Integers of an odd number of bits ``[h, w, n]``, each row of which begins at a byte."""
    order: Any = "big" if fill_order == 1 else "little"
    rows = np.unpackbits(np.frombuffer(data, np.uint8), bitorder=order).reshape(shape[1], -1)
    values = rows[:, : shape[2] * shape[3] * bits].reshape(*shape[1:], bits)
    numbers: NDArray[Any] = np.zeros(shape[1:], np.uint32)
    for bit in range(bits):
        numbers = numbers << 1 | values[..., bit]
    return numbers


def _joined_floats(data: bytes, shape: tuple[int, ...], n_bytes: int) -> NDArray[Any]:
    """Floats ``[h, w, n]`` of rows that hold first all first bytes, then all second ones, as differences.

    TIFF Technical Note 3, by Adobe: the floating-point predictor.
    """
    _, height, width, n = shape
    differences = np.frombuffer(data, np.uint8).reshape(height, n_bytes * width, n)
    split = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(height, n_bytes, width * n)
    together = np.ascontiguousarray(split.swapaxes(1, 2))
    return together.view(f">f{n_bytes}").reshape(height, width, n)


def _unpacked(data: bytes, n_bytes: int, compression: int, fill_order: int) -> bytes:
    """``n_bytes`` unpacked bytes: those of one strip, read as a grey photo of one row."""
    tags = [
        (256, 4, n_bytes),  # width
        (257, 4, 1),  # height
        (258, 3, 8),  # bits
        (259, 3, compression),
        (262, 3, 1),  # 0 is black
        (266, 3, fill_order),
        (273, 4, 8),  # where the strip begins
        (277, 3, 1),  # samples of a pixel
        (278, 4, 1),  # rows of the strip
        (279, 4, len(data)),
    ]
    data += b"\0" * (len(data) % 2)
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    content = struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data
    content += struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        return image.tobytes()
