"""Why a photo cannot be read, in words: too large, damaged, or of a format known by its first bytes."""

from __future__ import annotations

from pathlib import Path

from partly.data.photos.strict_pillow import FORMATS
from partly.errors import BadPhoto

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avci", b"MiHE")
_READABLE = "JPEG, PNG, WebP or TIFF"

# What a file begins with, at which byte, and what it is then.
_KNOWN = (
    (0, b"\xff\x0a", "a JPEG XL photo"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL photo"),
    (4, b"ftypcrx ", "a raw photo of a camera"),
    (0, b"FUJIFILMCCD-RAW", "a raw photo of a camera"),
    (0, b"IIRO", "a raw photo of a camera"),
    (0, b"IIRS", "a raw photo of a camera"),
    (0, b"IIU\0", "a raw photo of a camera"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance picture"),
    (0, b"\0\0\x01\0", "an icon"),
    (0, b"%PDF", "a PDF document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"gimp xcf", "a GIMP document"),
)


class DamagedPhoto(BadPhoto):
    """A photo whose bytes are missing, damaged or of no known format; perhaps it can be mended."""


def too_large(width: int, height: int, max_pixels: int, path: Path) -> BadPhoto:
    """A photo of more than ``max_pixels``."""
    n_pixels = width * height
    return BadPhoto(
        f"has {width} x {height} pixels ({n_pixels / 1e6:.0f} megapixels)",
        expected=f"at most {max_pixels / 1e6:.0f} megapixels",
        remedy="Make it smaller first",
        path=path,
    )


def beyond_memory(width: int, height: int, path: Path) -> BadPhoto:
    """A photo that there is no room for."""
    return BadPhoto(
        f"has {width} x {height} pixels, more than fit into memory",
        remedy="Make it smaller first",
        path=path,
    )


def raw_photo(path: Path) -> BadPhoto:
    """What a camera's sensor saw, in one of the formats that are made like TIFF."""
    return BadPhoto(
        "is a raw photo of a camera, which cannot be read",
        expected=_READABLE,
        remedy="Convert it to JPEG first",
        path=path,
    )


def unknown_tiff(described: str, path: Path) -> BadPhoto:
    """A TIFF of samples that nothing here decodes, such as "CIELAB, 3 x 16-bit"."""
    return BadPhoto(
        f"is a TIFF of a kind that cannot be read ({described})",
        expected="grey, RGB, CMYK or palette",
        remedy="Save it with 8 bits a colour, or as PNG or JPEG",
        path=path,
    )


def unknown(head: bytes, path: Path) -> BadPhoto:
    """A file that no decoder takes, of which these are the first bytes."""
    what = _known_as(head)
    if what is not None:
        return BadPhoto(
            f"is {what}, which cannot be read",
            expected=_READABLE,
            remedy="Convert it to JPEG first",
            path=path,
        )
    return DamagedPhoto(
        "is no image of a known format, or damaged in its first bytes",
        expected="one of " + ", ".join(FORMATS),
        path=path,
    )


def _known_as(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "a HEIF (HEIC) photo"
    return next((what for at, start, what in _KNOWN if head[at : at + len(start)] == start), None)


def damaged(error: Exception, path: Path) -> DamagedPhoto:
    """A photo whose decoder raised ``error``."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return DamagedPhoto(
        f"is truncated or damaged ({reason})",
        expected="a whole image file",
        remedy="Copy or export it again",
        path=path,
    )
