"""The state of everything, the part set, jobs, the network for photos, label files of other programs."""

from __future__ import annotations

import mimetypes
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from partly.data.labels import change_from_json
from partly.studio.http.http_messages import file_name_of, octets
from partly.studio.session.label_exchange import MAX_FILE_BYTES
from partly.studio.session.overview import overview
from partly.studio.session.photo_network import MAX_PHOTO_BYTES
from partly.studio.session.session import Session
from partly.web import read_body, read_json, read_model


class JobBody(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)
    verb: str
    options: dict[str, Any] = Field(default_factory=dict)


def project_router(session: Session) -> APIRouter:
    """The state of everything, and the part set."""
    routes = APIRouter()

    @routes.get("/state")
    def state() -> dict[str, Any]:
        return overview(session)

    @routes.post("/parts")
    async def parts(request: Request) -> dict[str, Any]:
        change = change_from_json(await read_json(request))
        new, version, table = await run_in_threadpool(session.parts.change, change)
        return {"parts": new, "parts_version": version, "table": table.tolist()}

    return routes


def job_router(session: Session) -> APIRouter:
    """Long verbs as jobs."""
    routes = APIRouter(prefix="/jobs")

    @routes.post("")
    async def start(request: Request) -> dict[str, Any]:
        body = await read_model(request, JobBody)
        job = await run_in_threadpool(session.jobs.start, body.verb, body.options)
        return job.to_json()

    @routes.post("/{job_id}/cancel")
    def cancel(job_id: str) -> dict[str, Any]:
        return session.jobs.cancel(job_id).to_json()

    @routes.get("/{job_id}")
    def job(job_id: str) -> dict[str, Any]:
        return session.jobs.get(job_id).to_json()

    @routes.get("/{job_id}/panels/{name}")
    def panel(job_id: str, name: str) -> Response:
        path = session.jobs.panel(job_id, name)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind)

    return routes


def network_router(session: Session) -> APIRouter:
    """The network for photos, on this server or as a file that the page runs by itself, and photos for it."""
    routes = APIRouter()

    @routes.post("/segment")
    async def segment(request: Request) -> Response:
        data = await read_body(request, MAX_PHOTO_BYTES)
        photo = await run_in_threadpool(session.network.segment, data)
        height, width = photo.label_map.shape
        figures = {"X-Width": width, "X-Height": height, "X-Confidence": round(photo.confidence, 4)}
        return octets(photo.label_map.tobytes(), figures)

    @routes.post("/photos")
    async def add_photo(request: Request) -> dict[str, Any]:
        data = await read_body(request, MAX_PHOTO_BYTES)
        name = file_name_of(request)
        return {"name": await run_in_threadpool(session.photo_folder.add, data, name)}

    @routes.get("/network")
    def facts() -> dict[str, Any]:
        return session.network.facts()

    @routes.get("/network.onnx")
    def network(digest: str | None = None) -> Response:
        path = session.network.file()
        is_named = digest is not None and digest == session.network.facts()["digest"]
        # With its digest in the address it is the same for ever.
        caching = "private, max-age=31536000, immutable" if is_named else "private, no-cache"
        return FileResponse(path, media_type="application/octet-stream", headers={"Cache-Control": caching})

    return routes


def label_router(session: Session) -> APIRouter:
    """Label files of other programs."""
    routes = APIRouter(prefix="/labels")

    @routes.post("/import")
    async def take_in(
        request: Request,
        picture: str | None = None,
        format: str = "auto",
        fill: str = "background",
        replace: bool = False,
    ) -> dict[str, Any]:
        data = await read_body(request, MAX_FILE_BYTES)
        name = file_name_of(request, "labels.json")
        notes: list[str] = []
        ids = await run_in_threadpool(
            lambda: session.label_exchange.import_file(
                data,
                name,
                picture_id=picture,
                format_name=format,
                fill=fill,
                replace=replace,
                tell=lambda text: notes.append(f"{text}."),
            )
        )
        return {"ids": ids, "notes": notes}

    @routes.get("/export")
    def give_out(format: str = "labelme", style: str = "mask", fill: str = "background") -> Response:
        data = session.label_exchange.export_zip(format_name=format, style=style, fill=fill)
        headers = {"Content-Disposition": 'attachment; filename="labels.zip"'}
        return Response(data, media_type="application/zip", headers=headers)

    return routes
