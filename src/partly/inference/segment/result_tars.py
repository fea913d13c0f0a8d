"""Results of photos in a tar, as WebDataset has them: the files of a photo follow each other."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from partly.inference.segment.object_entries import object_numbers
from partly.inference.segment.output_kinds import OutputKind
from partly.storage import atomic_path, parsed_json


def sample_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names in tars for names of results: none has a dot behind its folders, and all differ still.

    WebDataset takes what is before the first dot as the name of a sample, so that ``img.001`` and ``img.002``
    would be one.

    Args:
        names: relative POSIX paths without suffix, unique.
    """
    taken = {name.casefold() for name in names if "." not in name.rpartition("/")[2]}
    return tuple(_without_dots(name, taken) for name in names)


def _without_dots(name: str, taken: set[str]) -> str:
    folder, slash, base = name.rpartition("/")
    if "." not in base:
        return name
    plain = numbered = f"{folder}{slash}{base.replace('.', '_')}"
    n = 1
    while numbered.casefold() in taken:
        n += 1
        numbered = f"{plain}~{n}"
    taken.add(numbered.casefold())
    return numbered


def pack_results(
    folder: Path, kinds: Sequence[OutputKind], target: Path, renamed: Mapping[str, str] | None = None
) -> None:
    """Put a folder of results into a tar, which appears under its name when it is whole.

    ``labels/sub/a.png`` becomes ``sub/a.png``, the photo's areas ``sub/a.json``, and others that were asked
    for have the names of their folders: ``sub/a.overlays.jpg``, ``sub/a.masks.hair.png``,
    ``sub/a.crops.o001.jpg``.

    Args:
        folder: of the results, with ``areas.json``.
        kinds: what is in it, label maps first.
        target: the tar.
        renamed: names in the tar by names of results; those that are not in it stay.
    """
    renamed = renamed or {}
    entries: list[dict[str, Any]] = parsed_json((folder / "areas.json").read_bytes())["photos"]
    with (
        atomic_path(target) as temporary,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive,
    ):
        for entry in entries:
            name = entry["label_map"].removeprefix(f"{kinds[0].folder}/").removesuffix(".png")
            called = renamed.get(name, name)
            _add(archive, f"{called}.png", (folder / entry["label_map"]).read_bytes())
            areas = entry | {"label_map": f"{called}.png"}
            _add(archive, f"{called}.json", json.dumps(areas, ensure_ascii=False).encode())
            for kind in kinds[1:]:
                for file in kind.files(name, object_numbers(entry)):
                    _add(archive, _member(file, name, called), (folder / file).read_bytes())


def _member(file: str, name: str, called: str) -> str:
    """The name in the tar of ``masks/hair/sub/a.png``: ``sub/a.masks.hair.png``.

    Args:
        file: of the results.
        name: of the photo's results.
        called: the same in the tar.
    """
    at = file.rindex(f"/{name}")
    kind, rest = file[:at].replace("/", "."), file[at + 1 + len(name) :]
    # "-o001.jpg" of an object, else the suffix alone.
    return f"{called}.{kind}.{rest.lstrip('-.')}"


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    # No time, owner or rights of this machine: the same photos give the same bytes.
    header.size, header.mtime, header.mode = len(data), 0, 0o644
    archive.addfile(header, io.BytesIO(data))
