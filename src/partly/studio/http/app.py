"""The application: routes over one session, behind one guard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from partly.studio.http import (
    event_stream,
    labels,
    network,
    painting,
    picture_routes,
    predictions,
    project_routes,
    whole,
)
from partly.studio.http.built_page import page_router
from partly.studio.http.http_messages import answer_errors
from partly.studio.http.security import Guard, Security
from partly.studio.session import Session

_ROUTES = (whole, picture_routes, painting, predictions, project_routes, network, labels, event_stream)


def studio_app(session: Session, security: Security) -> ASGIApp:
    """The ASGI application of a session.

    Args:
        session: what is served; it is not closed here.
        security: where the server is, and who may ask.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for module in _ROUTES:
        app.include_router(module.router(session), prefix="/api")
    app.include_router(page_router())
    answer_errors(app)
    # Around all of it, so that answers to defects are guarded too.
    return Guard(app, security)
