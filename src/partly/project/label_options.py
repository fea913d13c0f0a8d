"""What can be chosen about labelling: in the studio, and with label files. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from partly.data.label_formats import FORMAT_NAMES
from partly.storage import check_options, option


@dataclass(frozen=True)
class StudioRequest:
    """Where the studio is, and what it begins with."""

    host: str = option("127.0.0.1", "Address of the studio.")
    port: int | None = option(
        None,
        "Port of the studio; by default the last one used, or 8700, or the next free one.",
        at_least=0,
        at_most=65535,
    )
    no_browser: bool = option(False, "Only print the address of the studio, and open no browser.")
    generator: str | None = option(
        None, "Generator of a new project: a name that `partly get` knows, or a model folder."
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class LabelFilesRequest:
    """How label files are taken in, or written."""

    picture_id: str | None = option(
        None, "The picture or photo that the only label map belongs to.", flag="--picture"
    )
    format_name: str = option(
        "auto", "The format of the files.", flag="--format", choices=("auto", *FORMAT_NAMES)
    )
    fill: Literal["background", "unlabelled"] = option(
        "background", "What pixels outside of all shapes become; `unlabelled` for scribbles."
    )
    replace: bool = option(False, "Replace existing labels of the same pictures.")
    shipped: tuple[str, ...] = option(
        (),
        "Take a label map that ships with Partly, of the generator ffhq: face-1 to face-5, or `all`.",
        metavar="ID",
    )
    export_path: Path | None = option(
        None,
        "Export instead: write the project's labels there, in the format of --format.",
        flag="--export",
        metavar="FILE_OR_FOLDER",
    )
    style: Literal["mask", "polygon"] = option(
        "mask", "With --export: bitmaps, or polygons along the edges of pixels."
    )

    def __post_init__(self) -> None:
        check_options(self)
