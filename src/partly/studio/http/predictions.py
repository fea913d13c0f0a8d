"""What the live segmenter makes of pictures."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from partly.studio.http.http_messages import octets
from partly.studio.session import Session
from partly.studio.session.prediction_cache import Predicted


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/pictures/{picture_id}/prediction")
    def prediction(picture_id: str) -> Response:
        return _answer(session.prediction(picture_id))

    @routes.get("/wall/prediction")
    def wall_prediction() -> Response:
        return _answer(session.wall_prediction())

    @routes.get("/pictures/{picture_id}/superpixels")
    def superpixels(picture_id: str) -> Response:
        found = session.superpixels(picture_id)
        if found is None:
            return JSONResponse({"state": "making"}, 202)
        return octets(found.astype("<u2").tobytes(), {"X-Size": len(found)})

    return routes


def _answer(predicted: Predicted | None) -> Response:
    if predicted is None:
        return Response(status_code=204)
    headers: dict[str, object] = {"X-Size": predicted.labels.shape[-1], "X-Version": predicted.version}
    if predicted.labels.ndim == 3:
        headers["X-Count"] = len(predicted.labels)
    return octets(predicted.labels.tobytes() + predicted.doubt.tobytes(), headers)
