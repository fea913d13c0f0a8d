"""Pictures: images, proposals, what a person decided about them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from partly.studio.http.bodies import read_model
from partly.studio.session import Session
from partly.studio.session.picture_proposals import ProposalRequest


class WishBody(BaseModel):
    """What pictures are asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str
    n: int = 1
    truncation: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    seed: int | None = None


class ChoicesBody(BaseModel):
    """What is decided about a picture."""

    model_config = ConfigDict(extra="forbid", strict=True)
    pinned: bool | None = None
    skipped: bool | None = None
    place: int | None = None


class WallBody(BaseModel):
    """Which picture of the wall."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/pictures")

    @routes.post("/propose", status_code=202)
    async def propose(request: Request) -> dict[str, Any]:
        body = await read_model(request, WishBody)
        truncation = None if body.truncation is None else (body.truncation[0], body.truncation[1])
        session.propose(ProposalRequest(body.kind, body.n, truncation, body.seed))
        return {"state": "making"}

    @routes.post("/from-wall")
    async def from_wall(request: Request) -> dict[str, Any]:
        body = await read_model(request, WallBody)
        return await run_in_threadpool(session.take_from_wall, body.id)

    @routes.post("/{picture_id}/choices")
    async def choices(request: Request, picture_id: str) -> dict[str, Any]:
        body = await read_model(request, ChoicesBody)
        given = {name: value for name, value in body.model_dump().items() if value is not None}
        return await run_in_threadpool(lambda: session.choose(picture_id, **given))

    @routes.get("/{picture_id}/image")
    def image(request: Request, picture_id: str, size: int | None = Query(None)) -> Response:
        found = session.image(picture_id, size)
        # Another project on this port may have another picture of this id: ask whether it is still the same.
        headers = {"Cache-Control": "private, no-cache", "ETag": f'"{found.tag}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.data, media_type=found.media_type, headers=headers)

    return routes
