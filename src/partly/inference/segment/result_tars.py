"""Results of photos in a tar, as WebDataset has them: the files of a photo follow each other."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partly.inference.segment.output_kinds import OutputKind
from partly.storage import atomic_path, parsed_json


def pack_results(folder: Path, kinds: Sequence[OutputKind], target: Path) -> None:
    """Put a folder of results into a tar, which appears under its name when it is whole.

    ``labels/sub/a.png`` becomes ``sub/a.png``, the photo's areas ``sub/a.json``, and others that were asked
    for have the names of their folders: ``sub/a.overlays.jpg``, ``sub/a.masks.hair.png``.

    Args:
        folder: of the results, with ``areas.json``.
        kinds: what is in it, label maps first.
        target: the tar.
    """
    entries: list[dict[str, Any]] = parsed_json((folder / "areas.json").read_bytes())["photos"]
    with (
        atomic_path(target) as temporary,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive,
    ):
        for entry in entries:
            name = entry["label_map"].removeprefix(f"{kinds[0].folder}/").removesuffix(".png")
            _add(archive, f"{name}.png", (folder / entry["label_map"]).read_bytes())
            areas = entry | {"label_map": f"{name}.png"}
            _add(archive, f"{name}.json", json.dumps(areas, ensure_ascii=False).encode())
            for kind in kinds[1:]:
                for file in kind.files(name):
                    _add(archive, _member(file, name), (folder / file).read_bytes())


def _member(file: str, name: str) -> str:
    """The name in the tar of ``masks/hair/sub/a.png``: ``sub/a.masks.hair.png``."""
    at = file.rindex(f"/{name}.")
    return f"{name}.{file[:at].replace('/', '.')}{file[at + 1 + len(name) :]}"


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    # No time, owner or rights of this machine: the same photos give the same bytes.
    header.size, header.mtime, header.mode = len(data), 0, 0o644
    archive.addfile(header, io.BytesIO(data))
