"""The studio on a project of very many photos: how soon it answers, and how much memory it takes.

``python -m benchmarks.many_photos --photos FOLDER`` makes a project of ten thousand names for the photos of
that folder or zip, starts ``partly label`` on it, paints stripes on ten photos that are spread over all of
them, waits until the wall is predicted, and then until all is read that may be proposed, and tells the most
memory that the process had. The bar is 4 GB.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.process_memory import memory_bytes
from benchmarks.studio_server import Page, StudioServer
from partly.data.photos import find_photos
from partly.project import PhotoOptions, create_project, new_settings
from partly.storage import write_json

_PARTS = "background,one,two,three,four"
_N_PARTS = 5
_FILE = "many-photos.json"
_WAIT_S = 1800.0


def figures(photos: Path, folder: Path, n: int, n_painted: int, features: str) -> dict[str, Any]:
    """Seconds and GB of one session.

    Args:
        photos: a folder or zip.
        folder: where project and links will be.
        n: photos of the project.
        n_painted: how many are painted.
        features: network that reads them.
    """
    names = _linked(photos, folder / "photos", n)
    project = folder / "project"
    options = PhotoOptions(str(folder / "photos"), features)
    create_project(project, new_settings(project, photos=options, parts=_PARTS))
    with StudioServer(project) as server, Page(server) as page:
        found = {"to the address, s": server.start_s}
        page.state(lambda state: bool(state["album"]) and state["album"]["n_photos"] == n, _WAIT_S)
        found["all photos known, s"] = time.monotonic() - server.began
        for name in names[:: max(1, n // n_painted)][:n_painted]:
            _paint(page, name)
        found["painted, s"] = time.monotonic() - server.began
        page.state(_has_wall, _WAIT_S)
        while page.ask("GET", "/wall/prediction")[0].status != 200:
            if time.monotonic() - server.began > _WAIT_S:
                raise RuntimeError("the wall has no prediction")
            time.sleep(1)
        found["the wall predicted, s"] = time.monotonic() - server.began
        at_the_wall = _most_gb(server.process.pid)
        read = page.state(_is_at_rest, _WAIT_S)["album"]["features"]["done"]
        found["all that may be proposed read, s"] = time.monotonic() - server.began
        most = _most_gb(server.process.pid)
        server.stop()
    memory = {"GB at the wall": round(at_the_wall, 2), "GB at most": round(most, 2), "photos read": read}
    return {name: round(time_s, 1) for name, time_s in found.items()} | memory


def _linked(photos: Path, folder: Path, n: int) -> list[str]:
    """A folder with ``n`` names for the photos."""
    originals = find_photos(photos)
    kept = folder.with_name("originals")
    kept.mkdir(parents=True)
    folder.mkdir()
    for index, photo in enumerate(originals):
        with photo.open() as file:
            (kept / f"{index}{Path(photo.name).suffix}").write_bytes(file.read())
    files = sorted(kept.iterdir())
    names = [f"{index:06d}{files[index % len(files)].suffix}" for index in range(n)]
    for index, name in enumerate(names):
        (folder / name).hardlink_to(files[index % len(files)])
    return names


def _paint(page: Page, name: str) -> None:
    """Stripes of all parts over a whole photo, one stroke a part, as soon as it can be painted."""
    picture = page.json("POST", "/album/take", {"name": name})["id"]
    opened = page.json("POST", f"/pictures/{picture}/open", tab=page.tab)
    height, width = opened["height_px"], opened["width_px"]
    edges = np.linspace(0, height, _N_PARTS + 1).astype(int)
    for part in range(_N_PARTS):
        stripe = np.full((edges[part + 1] - edges[part], width), part, np.uint8)
        page.paint(picture, 0, int(edges[part]), stripe)


def _has_wall(state: dict[str, Any]) -> bool:
    return bool(state["wall"]) and state["wall"] == state["wall_ready"] and state["live"]["state"] == "ready"


def _is_at_rest(state: dict[str, Any]) -> bool:
    read = state["album"]["features"]
    return bool(read["done"] == read["total"])


def _most_gb(process: int) -> float:
    """The most memory that a process has had, in GB of 1e9 bytes."""
    return memory_bytes("VmHWM", process) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--features", default="dinov2-small", help="network that reads them")
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--painted", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = figures(chosen.photos, Path(folder), chosen.n, chosen.painted, chosen.features)
    for name, value in found.items():
        print(f"{name}: {value}")
    write_json(chosen.out / _FILE, found)


if __name__ == "__main__":
    main()
