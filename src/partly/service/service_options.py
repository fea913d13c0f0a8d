"""What can be chosen about the service. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from partly.storage import check_options, option

DEFAULT_PORT = 9090
"""Where Label Studio's own examples have their ML backends."""


@dataclass(frozen=True)
class ServiceOptions:
    """Where the service is, whose photos it reads, and how much it takes on."""

    host: str = option("127.0.0.1", "Address of the service; beyond this machine a token is asked for.")
    port: int | None = option(
        None,
        f"Port of the service; by default {DEFAULT_PORT} or the next free one.",
        at_least=0,
        at_most=65535,
    )
    names: tuple[str, ...] = option(
        (),
        "Another name of this service, as a host (at its port, or without one) or host:port: requests to "
        "names that it does not know are refused. May be given several times.",
        flag="--name",
        metavar="NAME",
    )
    photos: Path | None = option(
        None,
        "Folder of the photos that Label Studio names by their files, with its uploads or its local storage.",
        metavar="FOLDER",
    )
    photos_from: tuple[str, ...] = option(
        (),
        "Fetch photos whose address begins with this, such as http://localhost:8080/; no others are "
        "fetched. May be given several times, that of Label Studio first: LABEL_STUDIO_API_KEY is sent to "
        "it, where it is set.",
        metavar="ADDRESS",
    )
    regions: Literal["brush", "polygon"] | None = option(
        None,
        "What Label Studio gets, where its labelling setup has both: brush strokes (by default), exact to "
        "the pixel, or polygons, which are easier to correct.",
    )
    tolerance_px: float = option(
        1.0,
        "Polygons for Label Studio lie within so many pixels of the boundaries; 0 is exactly on them.",
        flag="--tolerance",
        at_least=0,
        at_most=100,
    )
    at_once: int | None = option(
        None,
        "How many photos are segmented at once; by default as many as there are cores, at most 4.",
        at_least=1,
        at_most=64,
    )
    waiting: int = option(
        64, "How many requests may be open; others are told to try again.", at_least=1, at_most=1000
    )
    megapixels: int = option(
        50, "The largest photo, in millions of pixels.", flag="--max-megapixels", at_least=1, at_most=200
    )

    def __post_init__(self) -> None:
        check_options(self)
