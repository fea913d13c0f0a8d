"""What segments photos: run on this machine, or handed out as a file that the page runs by itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import MAX_PIXELS, read_photo
from partly.errors import NotFound, NotReady
from partly.machine import MachineOptions
from partly.project import model_digest
from partly.studio.session.session_parts import Parts

if TYPE_CHECKING:
    from partly.inference.segment import PartNetwork
    from partly.machine import Machine
    from partly.project import SegmentingNetwork

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
    """The project's auto-shot network; until there is one, its few-shot segmenter, if that reads photos.

    It segments one photo at a time, and is loaded with the first one, and again when it has changed.
    """

    def __init__(self, parts: Parts, machine: MachineOptions) -> None:
        self._parts, self._machine = parts, machine
        self._lock = threading.Lock()
        self._network: tuple[SegmentingNetwork, PartNetwork, Machine] | None = None
        self._digests: tuple[str | None, ...] = ()

    def segment(self, data: bytes) -> SegmentedPhoto:
        """Segment the photo in the bytes of an image file.

        Raises:
            NotReady: there is no network yet.
            BadPhoto: it cannot be read, or is too large.
            BadModelFile: the network is damaged.
        """
        project = self._parts.project
        digests = tuple(map(model_digest, (project.auto_shot, project.few_shot, project.finder)))
        can_do_without = project.settings.fitted_on == "photos" and digests[1] is not None
        if digests[0] is None and not can_do_without:
            raise NotReady("there is no network for photos yet", remedy="Make it first: fit, then distil")
        photo = read_photo(data, max_pixels=MAX_PHOTO_PIXELS)
        with self._lock:
            from partly.inference.segment import SegmentOptions, segment_photo

            segmenting, network, machine = self._loaded(digests)
            view = SegmentOptions().view(**segmenting.made_of)
            with machine.precision():
                segmentation = segment_photo(network, photo, **view, finder=segmenting.finder)
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

    def _loaded(self, digests: tuple[str | None, ...]) -> tuple[SegmentingNetwork, PartNetwork, Machine]:
        """What was chosen, what of it segments, and where it is."""
        if self._network is None or digests != self._digests:
            from partly.machine import Machine
            from partly.project import SegmentChoice, has_finder, segmenting_network

            project = self._parts.project
            segmenting = segmenting_network(project.folder, SegmentChoice(anywhere=has_finder(project)))
            network, machine = segmenting.network.for_inference(), Machine.for_inference(self._machine)
            machine.place(network)
            if segmenting.finder is not None:
                machine.place(segmenting.finder)
            self._network = segmenting, network, machine
            self._digests = digests
        return self._network
