"""The photo in a request, and the form in which its answer is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import Request

from partly.errors import BadOption, PartlyError
from partly.service.answers import FORMS
from partly.service.http.form_files import only_file
from partly.web import read_body

MAX_PHOTO_BYTES = 32 << 20
BODY_S = 60.0
_OVERHEAD_BYTES = 1 << 16
_FORMS_BY_TYPE = {
    "image/png": "labels",
    "image/*": "labels",
    "*/*": "labels",
    "application/json": "polygons",
    "application/*": "polygons",
}


class TooSlow(PartlyError):
    """A body that takes too long to come."""


class NotAcceptable(PartlyError):
    """An answer in a form that there is not."""


def announced_bytes(request: Request, most_bytes: int) -> int:
    """The most bytes that the body can have which will be read."""
    announced = request.headers.get("content-length", "")
    return min(int(announced), most_bytes) if announced.isdecimal() and len(announced) < 20 else most_bytes


async def body_in_time(request: Request, most_bytes: int) -> bytes:
    """The body, see :func:`partly.web.read_body`.

    Raises:
        TooSlow: it is not there after a minute.
        TooLarge: it has more bytes.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await read_body(request, most_bytes)
    except TimeoutError:
        raise TooSlow(f"the body is not there after {BODY_S:g} s", remedy="Send it faster") from None


async def photo_in(request: Request) -> tuple[bytes, str]:
    """The bytes of the photo, and its name: the body as it is, or the only file of a form.

    Raises:
        TooSlow, TooLarge: see :func:`body_in_time`.
        BadOption: there is no photo, or the form has several files or none.
    """
    data = await body_in_time(request, MAX_PHOTO_BYTES + _OVERHEAD_BYTES)
    content_type = request.headers.get("content-type", "").strip()
    if content_type.lower().startswith("multipart/form-data"):
        return only_file(content_type, data)
    if not data:
        raise BadOption("the body is empty", expected="a photo")
    return data, "photo"


def form_wanted(request: Request) -> str:
    """The name of the form in which the answer is wanted: ``?as=``, else by ``Accept``.

    Raises:
        BadOption: an unknown one.
        NotAcceptable: none of those that ``Accept`` names.
    """
    named = request.query_params.get("as")
    if named is not None:
        if named not in FORMS:
            raise BadOption(f"as={named[:100]}", expected=f"one of {', '.join(FORMS)}")
        return named
    accepted = _by_preference(request.headers.get("accept", "*/*"))
    for media_type in accepted:
        if media_type in _FORMS_BY_TYPE:
            return _FORMS_BY_TYPE[media_type]
    raise NotAcceptable(
        f"Accept: {', '.join(accepted)[:100]}",
        expected="image/png for a label map, or application/json for polygons",
        remedy=f"Or name the form: ?as={'|'.join(FORMS)}",
    )


def tolerance_of(query: Mapping[str, str]) -> float:
    """How far polygons may lie from boundaries, in pixels: ``?tolerance=``.

    Raises:
        BadOption: no number from 0 to 100.
    """
    text = query.get("tolerance", "0")
    try:
        tolerance_px = float(text)
    except ValueError:
        tolerance_px = -1.0
    if not 0 <= tolerance_px <= 100:
        raise BadOption(f"tolerance={text[:100]}", expected="pixels, from 0 to 100")
    return tolerance_px


def _by_preference(accept: str) -> list[str]:
    """Media types, the most wanted first; those with a quality of 0 are left out."""
    found = []
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        if media_type and quality > 0:
            found.append((quality, media_type))
    return [media_type for _, media_type in sorted(found, key=lambda one: -one[0])]
