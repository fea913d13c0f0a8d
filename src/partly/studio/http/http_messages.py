"""What the studio's routes have in common: answers, and the statuses of errors."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response

from partly.data.labels import Patch
from partly.errors import FolderBusy, JobRunning, NotFound, NotReady, OpenElsewhere, PartlyError
from partly.studio.session.picture_painting import Painted
from partly.studio.session.worker import StudioClosing
from partly.web import ErrorKind, TooLarge
from partly.web import answer_errors as answer_errors_of

_KINDS: tuple[tuple[type[PartlyError], ErrorKind], ...] = (
    (NotFound, ErrorKind(404)),
    (OpenElsewhere, ErrorKind(409, {"held": True})),
    (JobRunning, ErrorKind(409)),
    (NotReady, ErrorKind(409)),
    (FolderBusy, ErrorKind(409)),
    (TooLarge, ErrorKind(413)),
    (StudioClosing, ErrorKind(503)),
)


def file_name_of(request: Request, otherwise: str = "") -> str:
    """What the file in the body is called: the header ``X-File-Name``, percent-encoded."""
    return unquote(request.headers.get("x-file-name", otherwise))


def octets(data: bytes, headers: Mapping[str, object] | None = None) -> Response:
    """Bytes as they are."""
    texts = {name: str(value) for name, value in (headers or {}).items()}
    return Response(data, media_type="application/octet-stream", headers=texts)


def patch_answer(patch: Patch, painted: Painted) -> Response:
    """A patch to put on the page's label map."""
    height, width = patch.labels.shape
    return octets(
        patch.labels.tobytes(),
        {
            "X-Box": f"{patch.x},{patch.y},{width},{height}",
            "X-Can-Undo": int(painted.can_undo),
            "X-Can-Redo": int(painted.can_redo),
            "X-Strokes": painted.n_strokes,
            "X-Labelled-Share": painted.labelled_share,
        },
    )


def painted_json(painted: Painted) -> dict[str, object]:
    """How a label map is, for the page."""
    return {
        "n_strokes": painted.n_strokes,
        "can_undo": painted.can_undo,
        "can_redo": painted.can_redo,
        "labelled_share": painted.labelled_share,
    }


def answer_errors(app: FastAPI) -> None:
    """Make all errors JSON with one text."""
    answer_errors_of(app, _KINDS)
