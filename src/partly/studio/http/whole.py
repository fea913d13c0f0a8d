"""The state of everything, and the part set."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from partly.annotations.part_changes import change_from_json
from partly.studio.http.bodies import read_json
from partly.studio.session import Session


def router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/state")
    def state() -> dict[str, Any]:
        return session.state()

    @routes.post("/parts")
    async def parts(request: Request) -> dict[str, Any]:
        change = change_from_json(await read_json(request))
        new, version, table = await run_in_threadpool(session.change_parts, change)
        return {"parts": new, "parts_version": version, "table": table.tolist()}

    return routes
