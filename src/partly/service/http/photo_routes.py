"""Photos in, label maps out; what is served, and whether it is well."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from partly.service.answers import FORMS, Answer, SegmentedPhoto
from partly.service.http.request_photos import (
    MAX_PHOTO_BYTES,
    announced_bytes,
    form_wanted,
    photo_in,
    tolerance_of,
)
from partly.service.http.what_is_served import Served


def photo_router(served: Served) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    segmenting, admission = served.segmenting, served.admission

    @routes.get("/")
    def about() -> dict[str, Any]:
        return {"status": "UP", **segmenting.facts(), "forms": list(FORMS), "limits": _limits(served)}

    @routes.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "UP", "model_class": "Partly", "model_version": segmenting.model_version}

    @routes.post("/segment")
    async def segment(request: Request) -> Response:
        form, tolerance_px = FORMS[form_wanted(request)], tolerance_of(request.query_params)

        def work() -> tuple[SegmentedPhoto, Answer]:
            photo = segmenting.segment(data, name)
            return photo, form(photo, tolerance_px)

        with admission.taken_on(announced_bytes(request, MAX_PHOTO_BYTES)):
            data, name = await photo_in(request)
            photo, answer = await served.worked(request, work)
        return Response(answer.data, media_type=answer.media_type, headers=_headers(served, photo))

    return routes


def _limits(served: Served) -> dict[str, int]:
    return {
        "photo_bytes": MAX_PHOTO_BYTES,
        "photo_pixels": served.segmenting.max_pixels,
        "requests": served.admission.most_requests,
    }


def _headers(served: Served, photo: SegmentedPhoto) -> dict[str, str]:
    headers = {"X-Model-Version": served.segmenting.model_version}
    if photo.mended:
        headers["X-Mended"] = quote("; ".join(photo.mended))
    return headers
