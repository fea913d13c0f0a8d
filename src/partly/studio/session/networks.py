"""The exported network, as the page fetches it to run it by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from partly.errors import NotFound
from partly.project import Project


def network_file(project: Project) -> Path:
    """The exported network, if it is that of now.

    Raises:
        NotFound: there is none.
    """
    from partly.project.network_file import current_network_file

    path = current_network_file(project.folder)
    if path is None:
        raise NotFound("the network is not exported yet", remedy="Export it first")
    return path


def network_facts(project: Project) -> dict[str, Any]:
    """What the exported network is: parts, size, bytes, digest.

    Raises:
        NotFound: there is none.
    """
    from partly.export import read_onnx_facts

    path = network_file(project)
    facts = read_onnx_facts(path)
    return {
        "parts": facts["part_set"],
        "size_px": facts["size_px"],
        "bytes": path.stat().st_size,
        "digest": facts["digest"],
    }
