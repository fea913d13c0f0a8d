"""Photos segmented by the network, on this machine, for browsers that cannot do it themselves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partly.errors import NotReady
from partly.imagery.photos import MAX_PIXELS, read_photo
from partly.project.digests import model_digest
from partly.studio.session.session_parts import Parts

if TYPE_CHECKING:
    from partly.autoshot import AutoShotNetwork

MAX_PHOTO_BYTES = 32 * 1024 * 1024
MAX_PHOTO_PIXELS = MAX_PIXELS


@dataclass(frozen=True, eq=False)
class SegmentedPhoto:
    """A photo with labels.

    Attributes:
        label_map: part ids, uint8 ``[h, w]``.
        confidence: how sure the network is on average, 0 to 1.
    """

    label_map: NDArray[np.uint8]
    confidence: float


class PhotoSegmenter:
    """Segments one photo at a time; the network is loaded with the first one, and when it has changed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._network: AutoShotNetwork | None = None
        self._digest: str | None = None

    def segment(self, data: bytes) -> SegmentedPhoto:
        """Segment the photo in the bytes of an image file.

        Raises:
            NotReady: there is no network yet.
            BadPhoto: it cannot be read, or is too large.
            BadModelFile: the network is damaged.
        """
        digest = model_digest(self._parts.project.auto_shot)
        if digest is None:
            raise NotReady("there is no network for photos yet", remedy="Make it first: fit, then distil")
        photo = read_photo(data, max_pixels=MAX_PHOTO_PIXELS)
        with self._lock:
            from partly.predict import segment_photo

            segmentation = segment_photo(self._loaded(digest), photo)
        return SegmentedPhoto(segmentation.label_map, float(segmentation.confidence.mean()))

    def _loaded(self, digest: str) -> AutoShotNetwork:
        if self._network is None or digest != self._digest:
            from partly.project.networks import network_of

            self._network = network_of(self._parts.project.folder).for_inference()
            self._digest = digest
        return self._network
