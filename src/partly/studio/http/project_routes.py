"""Long verbs as jobs."""

from __future__ import annotations

import mimetypes
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from partly.studio.http.bodies import read_model
from partly.studio.session import Session


class JobBody(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)
    verb: str
    options: dict[str, Any] = Field(default_factory=dict)


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/jobs")

    @routes.post("")
    async def start(request: Request) -> dict[str, Any]:
        body = await read_model(request, JobBody)
        job = await run_in_threadpool(session.start_job, body.verb, body.options)
        return job.to_json()

    @routes.post("/{job_id}/cancel")
    def cancel(job_id: str) -> dict[str, Any]:
        return session.cancel_job(job_id).to_json()

    @routes.get("/{job_id}")
    def job(job_id: str) -> dict[str, Any]:
        return session.job(job_id).to_json()

    @routes.get("/{job_id}/panels/{name}")
    def panel(job_id: str, name: str) -> Response:
        path = session.job_panel(job_id, name)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind)

    return routes
