"""The page: files that are built once and ship with Partly."""

from __future__ import annotations

import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.exceptions import HTTPException

NOT_BUILT = """\
The page of the studio is not built, so there is nothing to see in a browser.

In a copy of the sources, run: make studio
It needs Node 20 or newer; the installed package has the page in it.
"""
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
# The names of what is below change with what is in it.
_HASHED = "assets"


def page_router() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/")
    def index() -> Response:
        if not is_built():
            return PlainTextResponse(NOT_BUILT, 503)
        return FileResponse(static_folder() / "index.html", headers={"Cache-Control": "no-cache"})

    @routes.get("/{name:path}")
    def file(name: str) -> Response:
        path = _files().get(name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        caching = "public, max-age=31536000, immutable" if name.startswith(f"{_HASHED}/") else "no-cache"
        return FileResponse(path, media_type=_type(path), headers={"Cache-Control": caching})

    return routes


def is_built() -> bool:
    """Whether there is a page; a copy of the sources has none before ``make studio``."""
    return (static_folder() / "index.html").is_file()


@cache
def static_folder() -> Path:
    """Where the built page is."""
    return Path(str(files("partly.studio.http") / "static"))


def _files() -> dict[str, Path]:
    """All files of the page by name: what is not among them cannot be asked for."""
    folder = static_folder()
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _type(path: Path) -> str:
    return _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
