"""What a label map can be of: a generated picture by its latent, a photo by its name, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Pictured(Protocol):
    """A picture, or an annotation of one; see :class:`partly.data.labels.Annotation` for the attributes."""

    @property
    def id(self) -> str:
        """What it is called."""
        ...

    @property
    def w(self) -> npt.NDArray[np.float32] | None:
        """Latent of a generated picture, ``[l, v]``."""
        ...

    @property
    def generator_digest(self) -> str | None:
        """Digest of the generator that the latent belongs to."""
        ...

    @property
    def photo(self) -> str | None:
        """Name of a photo."""
        ...

    @property
    def photo_sha256(self) -> str | None:
        """Digest of the photo's file."""
        ...


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture without labels.

    Attributes:
        id: what it is called.
        w: latent of a generated picture, float32 ``[l, v]``; None: a photo only.
        generator_digest: of the generator that ``w`` belongs to.
        photo: name of the photo; None: a generated picture only.
        photo_sha256: digest of the photo's file.
        truncation: the factor that was drawn for ``w``; 1 for photos.
        kind: the class or code that a generator was asked for; None: none, or it is not known.
    """

    id: str
    w: npt.NDArray[np.float32] | None = None
    generator_digest: str | None = None
    photo: str | None = None
    photo_sha256: str | None = None
    truncation: float = 1.0
    kind: str | None = None


_ROUNDING = 1e-4


def is_same_latent(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
    """Whether latents, whose values are about 1, are the same but for rounding, which is each processor's."""
    return one.shape == other.shape and np.allclose(one, other, rtol=0, atol=_ROUNDING)


def is_same_picture(one: Pictured, other: Pictured) -> bool:
    """Whether both show the same: the same latent but for rounding, or the same photo."""
    if one.w is not None and other.w is not None:
        return is_same_latent(one.w, other.w)
    return one.photo_sha256 is not None and one.photo_sha256 == other.photo_sha256
