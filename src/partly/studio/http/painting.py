"""Strokes on pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from partly.annotations.strokes import Patch
from partly.studio.http.bodies import read_body
from partly.studio.http.http_messages import octets, painted_json, patch_answer
from partly.studio.session import Session


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/pictures/{picture_id}")
    painting = session.painting

    @routes.post("/open")
    def open_picture(picture_id: str, tab: str, take: bool = False) -> dict[str, Any]:
        held, painted = painting.open(picture_id, tab, take=take)
        return {"size_px": painted.size_px, "held": held, **painted_json(painted)}

    @routes.get("/labels")
    def labels(picture_id: str) -> Response:
        found = painting.labels(picture_id)
        return octets(found.tobytes(), {"X-Size": len(found), "X-Parts-Version": session.parts_version})

    @routes.post("/strokes")
    async def strokes(
        request: Request,
        picture_id: str,
        tab: str,
        x: int,
        y: int,
        w: int = Query(ge=1),
        h: int = Query(ge=1),
        parts_version: int | None = None,
    ) -> dict[str, Any]:
        painting.check_box(picture_id, tab, x, y, w, h)
        data = await read_body(request, w * h, exactly=True)
        patch = Patch(x, y, np.frombuffer(data, np.uint8).reshape(h, w))
        painted = await run_in_threadpool(painting.paint, picture_id, tab, patch, parts_version)
        return painted_json(painted)

    @routes.post("/undo")
    def undo(picture_id: str, tab: str) -> Response:
        step = painting.undo(picture_id, tab)
        return Response(status_code=204) if step is None else patch_answer(*step)

    @routes.post("/redo")
    def redo(picture_id: str, tab: str) -> Response:
        step = painting.redo(picture_id, tab)
        return Response(status_code=204) if step is None else patch_answer(*step)

    @routes.post("/accept")
    def accept(picture_id: str, tab: str, only_unlabelled: bool = True) -> Response:
        return patch_answer(*painting.accept(picture_id, tab, only_unlabelled=only_unlabelled))

    return routes
