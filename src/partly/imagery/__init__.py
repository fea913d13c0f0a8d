"""Photos, folders and zips in; pictures, overlays and grids out. NumPy and Pillow only."""

from partly.imagery.encoding import (
    encode_jpeg,
    encode_png,
    jpeg_data_uri,
    png_data_uri,
    resize_pixels,
    thumbnail,
    write_jpeg,
    write_png,
)
from partly.imagery.grids import grid, side_by_side
from partly.imagery.overlays import colour, overlay
from partly.imagery.photos import MAX_PIXELS, Photo, photo_of, read_photo
from partly.imagery.source import PhotoSource
from partly.imagery.sources import PHOTO_SUFFIXES, PhotoSources, find_photos

__all__ = [
    "MAX_PIXELS",
    "PHOTO_SUFFIXES",
    "Photo",
    "PhotoSource",
    "PhotoSources",
    "colour",
    "encode_jpeg",
    "encode_png",
    "find_photos",
    "grid",
    "jpeg_data_uri",
    "overlay",
    "photo_of",
    "png_data_uri",
    "read_photo",
    "resize_pixels",
    "side_by_side",
    "thumbnail",
    "write_jpeg",
    "write_png",
]
