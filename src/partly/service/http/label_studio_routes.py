"""The messages of Label Studio to its ML backends."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from partly.errors import BadOption, PartlyError
from partly.service.answers import LabellingSetup, no_prediction, prediction, tasks_of
from partly.service.http.request_photos import MAX_PHOTO_BYTES, announced_bytes, body_in_time
from partly.service.http.what_is_served import Served, check_is_there
from partly.web import json_value

# Photos may stand in tasks, a third longer.
MAX_TASKS_BYTES = MAX_PHOTO_BYTES // 3 * 4 + (1 << 20)
MOST_TASKS = 100


def label_studio_router(served: Served) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    version = served.segmenting.model_version

    @routes.post("/setup")
    async def setup(request: Request) -> dict[str, Any]:
        body = await _body(request, served)
        served.setups.keep(body.get("project"), body.get("schema"))
        return {"model_version": version}

    @routes.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        with served.admission.taken_on(announced_bytes(request, MAX_TASKS_BYTES)):
            body = await _json(request)
            tasks = tasks_of(body)
            if len(tasks) > MOST_TASKS:
                raise BadOption(f"the request has {len(tasks)} tasks", expected=f"at most {MOST_TASKS}")
            found = served.setups.of(body.get("project"), body.get("label_config"))
            results = await asyncio.gather(*(_predicted(request, served, found, task) for task in tasks))
        return {"results": _told(results, version), "model_version": version}

    @routes.api_route("/versions", methods=["GET", "POST"])
    def versions() -> dict[str, Any]:
        return {"versions": [version]}

    @routes.post("/train")
    async def train(request: Request) -> dict[str, Any]:
        await _body(request, served)
        return {"status": "ok", "job": None, "detail": _NOT_TRAINED}

    @routes.post("/webhook")
    async def webhook(request: Request) -> dict[str, Any]:
        body = await _body(request, served)
        return {"status": "ok", "action": str(body.get("action"))[:100], "detail": _NOT_TRAINED}

    @routes.get("/metrics")
    def metrics() -> dict[str, Any]:
        return {"open_requests": served.admission.n_requests}

    return routes


_NOT_TRAINED = (
    "This service only predicts. Export the annotations as JSON, take them in with partly label, and make "
    "the network again."
)


async def _predicted(
    request: Request, served: Served, setup: LabellingSetup, task: dict[str, Any]
) -> dict[str, Any] | PartlyError:
    """The prediction for one task, or why there is none."""

    def work() -> dict[str, Any]:
        segmented = served.segmenting.segment(photo.data, photo.name)
        return prediction(
            segmented.segmentation, setup, served.segmenting.model_version, served.options.tolerance_px
        )

    async with served.task_turn:
        await check_is_there(request)
        try:
            # Waiting for another server is no work for the few threads that segment.
            photo = await asyncio.to_thread(partial(served.photos.read, task["data"].get(setup.key)))
            return await served.worked(request, work)
        except PartlyError as error:
            return error


def _told(results: list[dict[str, Any] | PartlyError], version: str) -> list[dict[str, Any]]:
    """Results, with nothing for tasks that failed; if all did, that is the answer.

    Raises:
        PartlyError: the first reason, if all failed.
    """
    errors = [one for one in results if isinstance(one, PartlyError)]
    if len(errors) == len(results):
        raise errors[0]
    return [no_prediction(str(one), version) if isinstance(one, PartlyError) else one for one in results]


async def _body(request: Request, served: Served) -> dict[str, Any]:
    with served.admission.taken_on(announced_bytes(request, MAX_TASKS_BYTES)):
        return await _json(request)


async def _json(request: Request) -> dict[str, Any]:
    value = json_value(await body_in_time(request, MAX_TASKS_BYTES))
    if not isinstance(value, dict):
        raise BadOption(f"the body is a JSON {type(value).__name__}", expected="an object")
    return value
