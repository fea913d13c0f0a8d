"""What workers that segment photos have in common, whatever they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.photos import PhotoSource
from partly.inference.segment.output_kinds import OutputKind, kinds_asked_for
from partly.inference.segment.piece_reports import LoadNetwork, Note
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_options import OutputOptions
from partly.inference.segment.segment_photo_file import PartNetwork
from partly.inference.segment.segment_records import Summary
from partly.machine import PROCESSOR, Machine, Tell

_OUTPUTS = ("overlay", "masks", "probabilities", "cutout", "objects", "crops", "upright")


@dataclass(frozen=True)
class SegmentWork:
    """The work on photos; made anew in each worker.

    Attributes:
        load_network: gives the network; can be pickled.
        folder: of the results.
        options: of :func:`segment_all`.
        machine: where the network computes; each worker takes its own, where there are several.
        at_once: photos that a worker has at work at once; see :func:`segment_all`.
    """

    load_network: LoadNetwork
    folder: Path
    options: Mapping[str, Any]
    machine: Machine = PROCESSOR
    at_once: int | None = 1

    def segmented(
        self,
        network: PartNetwork,
        machine: Machine,
        photos: Sequence[PhotoSource],
        folder: Path,
        tell: Tell,
        **more: Any,
    ) -> Summary:
        """Segment photos into a folder, and tell of each, and of short memory.

        Args:
            network: of this worker.
            machine: of this worker.
            photos: where they are.
            folder: of these results.
            tell: takes the news.
            **more: further options of :func:`segment_all`.
        """
        return segment_all(
            network,
            photos,
            folder,
            progress=tell,
            at_once=self.at_once,
            machine=machine,
            on_note=lambda text: tell(Note(text)),
            **more,
            **self.options,
        )


def kinds_of_options(network: PartNetwork, options: Mapping[str, Any]) -> tuple[OutputKind, ...]:
    """The kinds of files that options of :func:`segment_all` ask for, label maps first.

    Raises:
        BadOption: options that cannot be.
    """
    asked_for = OutputOptions(**{name: options[name] for name in _OUTPUTS if name in options})
    looks_for_objects = bool(options.get("looks_for_objects"))
    return kinds_asked_for(network.part_set, asked_for, looks_for_objects=looks_for_objects)
