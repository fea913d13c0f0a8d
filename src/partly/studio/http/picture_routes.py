"""Pictures: images, proposals, what was decided about them; strokes on them; what is predicted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from partly.data.labels import Patch
from partly.errors import NotFound
from partly.studio.http.http_messages import file_name_of, octets, painted_json, patch_answer
from partly.studio.session.page_images import Image
from partly.studio.session.photo_choosing import PhotoChoosing
from partly.studio.session.photo_network import MAX_PHOTO_BYTES
from partly.studio.session.picture_supply import ProposalRequest
from partly.studio.session.session import Session
from partly.web import read_body, read_model

if TYPE_CHECKING:
    from partly.studio.live.live_predictions import Prediction


class ProposalBody(BaseModel):
    """What pictures are asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str
    n: int = 1
    truncation: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    seed: int | None = None
    part: str | None = None


class ChoicesBody(BaseModel):
    """What is decided about a picture."""

    model_config = ConfigDict(extra="forbid", strict=True)
    pinned: bool | None = None
    skipped: bool | None = None
    place: int | None = None


class AlbumBody(BaseModel):
    """Which photo of the album."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str


class WallBody(BaseModel):
    """Which picture of the wall."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str


def picture_router(session: Session) -> APIRouter:
    """Images, proposals, and what was decided about pictures."""
    routes = APIRouter(prefix="/pictures")

    @routes.post("/propose", status_code=202)
    async def propose(request: Request) -> dict[str, Any]:
        body = await read_model(request, ProposalBody)
        truncation = None if body.truncation is None else (body.truncation[0], body.truncation[1])
        session.proposals.ask(ProposalRequest(body.kind, body.n, truncation, body.seed, body.part))
        return {"state": "making"}

    @routes.post("/from-wall")
    async def from_wall(request: Request) -> dict[str, Any]:
        body = await read_model(request, WallBody)
        picture = await run_in_threadpool(session.wall.take, body.id)
        return session.pictures.facts(picture.id)

    @routes.post("/{picture_id}/choices")
    async def choices(request: Request, picture_id: str) -> dict[str, Any]:
        body = await read_model(request, ChoicesBody)
        given = {name: value for name, value in body.model_dump().items() if value is not None}
        return await run_in_threadpool(lambda: session.pictures.choose(picture_id, **given))

    @routes.get("/{picture_id}/image")
    def image(request: Request, picture_id: str, size: int | None = Query(None)) -> Response:
        return _image_answer(request, session.pictures.image(picture_id, size))

    return routes


def album_router(session: Session) -> APIRouter:
    """The photos of a project, by name; only where photos are labelled."""
    routes = APIRouter(prefix="/album")

    def choosing() -> PhotoChoosing:
        if session.photo_choosing is None:
            raise NotFound("pictures of this project are generated: it has no photos to label")
        return session.photo_choosing

    @routes.get("")
    def search(text: str = "", offset: int = 0, limit: int = 60) -> dict[str, Any]:
        return choosing().search(text, offset, limit)

    @routes.get("/image")
    def image(request: Request, name: str, size: int) -> Response:
        return _image_answer(request, choosing().image(name, size))

    @routes.post("/take")
    async def take(request: Request) -> dict[str, Any]:
        body = await read_model(request, AlbumBody)
        picture = await run_in_threadpool(lambda: choosing().take(body.name))
        return session.pictures.facts(picture.id)

    @routes.post("/add")
    async def add(request: Request) -> dict[str, Any]:
        data = await read_body(request, MAX_PHOTO_BYTES)
        name = file_name_of(request)
        picture = await run_in_threadpool(lambda: choosing().add(data, name))
        return session.pictures.facts(picture.id)

    return routes


def painting_router(session: Session) -> APIRouter:
    """Strokes on pictures."""
    routes = APIRouter(prefix="/pictures/{picture_id}")
    painting = session.painting

    @routes.post("/open")
    def open_picture(picture_id: str, tab: str, take: bool = False) -> dict[str, Any]:
        held, painted = painting.open(picture_id, tab, take=take)
        return {
            "width_px": painted.width_px,
            "height_px": painted.height_px,
            "held": held,
            **painted_json(painted),
        }

    @routes.get("/labels")
    def labels(picture_id: str) -> Response:
        found = painting.labels(picture_id)
        return octets(found.tobytes(), {**_size_of(found), "X-Parts-Version": session.parts.version})

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


def prediction_router(session: Session) -> APIRouter:
    """What the live segmenter makes of pictures and wall, and superpixels."""
    routes = APIRouter()

    @routes.get("/pictures/{picture_id}/prediction")
    def prediction(picture_id: str) -> Response:
        return _answer(session.predictions.of_picture(picture_id))

    @routes.get("/wall/prediction")
    def wall_prediction() -> Response:
        return _answer(session.predictions.of_wall())

    @routes.get("/pictures/{picture_id}/superpixels")
    def superpixels(picture_id: str) -> Response:
        found = session.superpixels.of_picture(picture_id)
        if found is None:
            return JSONResponse({"state": "making"}, 202)
        return octets(found.astype("<u2").tobytes(), _size_of(found))

    return routes


def _image_answer(request: Request, found: Image) -> Response:
    # Another project on this port may have another picture of this id: ask whether it is still the same.
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{found.tag}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)


def _size_of(pixels: NDArray[Any]) -> dict[str, object]:
    """Headers with the width and height of pixels ``[..., h, w]``."""
    return {"X-Width": pixels.shape[-1], "X-Height": pixels.shape[-2]}


def _answer(prediction: Prediction | None) -> Response:
    if prediction is None:
        return Response(status_code=204)
    headers = {**_size_of(prediction.labels), "X-Version": prediction.version}
    if prediction.labels.ndim == 3:
        headers["X-Count"] = len(prediction.labels)
    return octets(prediction.labels.tobytes() + prediction.doubt.tobytes(), headers)
