"""Request bodies, read no further than they may go."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from partly.errors import BadOption, PartlyError
from partly.storage import parsed_json

MAX_JSON_BYTES = 64 * 1024
ModelT = TypeVar("ModelT", bound=BaseModel)


class TooLarge(PartlyError):
    """A body of more bytes than it may have."""


async def read_body(request: Request, most_bytes: int, *, exactly: bool = False) -> bytes:
    """The body of a request.

    Raises:
        TooLarge: it has more bytes; what is beyond is not read.
        BadOption: it should have exactly so many, and has fewer.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(f"{announced} bytes", most_bytes)
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > most_bytes:
            raise _too_large("more", most_bytes)
    if exactly and len(data) != most_bytes:
        raise BadOption(f"the body has {len(data)} bytes", expected=f"{most_bytes} bytes")
    return bytes(data)


async def read_model(request: Request, kind: type[ModelT]) -> ModelT:
    """A JSON body as a model.

    Raises:
        TooLarge: it is longer than 64 KiB.
        BadOption: it is no JSON, or has unknown or wrong values.
    """
    value = await read_json(request)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise BadOption(f"{where} cannot be used ({first['msg']})") from error


async def read_json(request: Request, most_bytes: int = MAX_JSON_BYTES) -> Any:
    """A JSON body.

    Raises:
        TooLarge: it is longer than that.
        BadOption: it is no JSON.
    """
    return json_value(await read_body(request, most_bytes))


def json_value(data: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        BadOption: it is no JSON, or has texts that are not Unicode.
    """
    try:
        value = parsed_json(data)
        _check_texts(value)
    except ValueError as error:
        raise BadOption(f"the body is no JSON ({error})") from error
    return value


def _check_texts(value: Any) -> None:
    """Check that there are no halves of characters (lone surrogates), which nothing could write or answer.

    Raises:
        UnicodeEncodeError: there are.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += (*one, *one.values())
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and not one.isascii():
            one.encode()


def _too_large(found: str, most_bytes: int) -> TooLarge:
    return TooLarge(f"the body has {found}", expected=f"at most {most_bytes} bytes")
