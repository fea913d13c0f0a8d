"""The network for photos, on this server or as a file that the page runs by itself, and photos for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from partly.studio.http.bodies import read_body
from partly.studio.http.http_messages import octets
from partly.studio.session import Session
from partly.studio.session.photo_network import MAX_PHOTO_BYTES


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/segment")
    async def segment(request: Request) -> Response:
        data = await read_body(request, MAX_PHOTO_BYTES)
        photo = await run_in_threadpool(session.segment, data)
        height, width = photo.label_map.shape
        figures = {"X-Width": width, "X-Height": height, "X-Confidence": round(photo.confidence, 4)}
        return octets(photo.label_map.tobytes(), figures)

    @routes.post("/photos")
    async def add_photo(request: Request) -> dict[str, Any]:
        data = await read_body(request, MAX_PHOTO_BYTES)
        name = unquote(request.headers.get("x-file-name", ""))
        return {"name": await run_in_threadpool(session.photo_folder.add, data, name)}

    @routes.get("/network")
    def facts() -> dict[str, Any]:
        return session.network_facts()

    @routes.get("/network.onnx")
    def network(digest: str | None = None) -> Response:
        path = session.network_file()
        is_named = digest is not None and digest == session.network_facts()["digest"]
        # With its digest in the address it is the same for ever.
        caching = "private, max-age=31536000, immutable" if is_named else "private, no-cache"
        return FileResponse(path, media_type="application/octet-stream", headers={"Cache-Control": caching})

    return routes
