"""The network for photos: run on this machine, or handed out as a file that the page runs by itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import MAX_PIXELS, read_photo
from partly.errors import NotFound, NotReady
from partly.project import model_digest
from partly.studio.session.session_parts import Parts

if TYPE_CHECKING:
    from partly.models.networks import AutoShotNetwork

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


class PhotoNetwork:
    """The project's auto-shot network.

    It segments one photo at a time, and is loaded with the first one, and again when it has changed.
    """

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
            from partly.inference.segment import segment_photo

            segmentation = segment_photo(self._loaded(digest), photo)
        return SegmentedPhoto(segmentation.label_map, float(segmentation.confidence.mean()))

    def file(self) -> Path:
        """The exported network, if it is that of now.

        Raises:
            NotFound: there is none.
        """
        from partly.project import current_network_file

        path = current_network_file(self._parts.project.folder)
        if path is None:
            raise NotFound("the network is not exported yet", remedy="Export it first")
        return path

    def facts(self) -> dict[str, Any]:
        """What the exported network is: parts, size, bytes, digest.

        Raises:
            NotFound: there is none.
        """
        from partly.inference.export import read_onnx_facts

        path = self.file()
        facts = read_onnx_facts(path)
        return {
            "parts": facts["part_set"],
            "size_px": facts["size_px"],
            "bytes": path.stat().st_size,
            "digest": facts["digest"],
        }

    def _loaded(self, digest: str) -> AutoShotNetwork:
        if self._network is None or digest != self._digest:
            from partly.project import network_of

            self._network = network_of(self._parts.project.folder).for_inference()
            self._digest = digest
        return self._network
