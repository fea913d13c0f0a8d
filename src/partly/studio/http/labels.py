"""Label files of other programs."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from partly.studio.http.bodies import read_body
from partly.studio.session import Session
from partly.studio.session.label_exchange import MAX_FILE_BYTES


def router(session: Session) -> APIRouter:
    """The routes."""
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
        name = unquote(request.headers.get("x-file-name", "labels.json"))
        ids = await run_in_threadpool(
            lambda: session.import_labels(
                data, name, picture_id=picture, format_name=format, fill=fill, replace=replace
            )
        )
        return {"ids": ids}

    @routes.get("/export")
    def give_out(format: str = "labelme", style: str = "mask", fill: str = "background") -> Response:
        data = session.export_labels(format_name=format, style=style, fill=fill)
        headers = {"Content-Disposition": 'attachment; filename="labels.zip"'}
        return Response(data, media_type="application/zip", headers=headers)

    return routes
