"""Tasks of Label Studio, as its exports hold them: the data that was labelled, and what people submitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from partly.data.label_formats.format_checks import picture_name
from partly.errors import BadLabel, listed

_SUBMITTED_KEYS = ("annotations", "completions")  # the second before version 1
_OF_LOCAL_FILES = re.compile(r"[?&]d=([^&]*)")
_UPLOADED = re.compile(r"^/?data/upload/(\d+/)?")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".jp2", ".ppm")


@dataclass(frozen=True)
class Submitted:
    """What one person submitted for a task.

    Attributes:
        results: the entries of its ``result``.
        is_cancelled: whether the person skipped the task in the end.
        is_truth: whether it was marked as ground truth.
        time: when it was last changed, as text that can be compared; empty where that is not known.
    """

    results: list[dict[str, Any]]
    is_cancelled: bool
    is_truth: bool
    time: str


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        where: which it is, for messages.
        data: what was labelled.
        submitted: all annotations.
        has_predictions: whether a model has said something.
    """

    where: str
    data: Mapping[str, Any]
    submitted: tuple[Submitted, ...]
    has_predictions: bool

    def picture(self, of_name: str | None, item: int, path: Path) -> str:
        """The name of the picture that a region is on.

        Args:
            of_name: the region's ``to_name``.
            item: which picture of a list it is.
            path: the file, for errors.

        Raises:
            BadLabel: nothing in the data looks like the picture, or several things do.
        """
        value = self._source(of_name, path)
        if isinstance(value, list):
            value = value[item] if 0 <= item < len(value) else None
        if not isinstance(value, str) or not value.strip():
            raise BadLabel(
                f"{self.where} has the picture {value!r}", expected="the address of a picture", path=path
            )
        return _name_of(value, self.where)

    def _source(self, of_name: str | None, path: Path) -> Any:
        if of_name is not None and of_name in self.data:
            return self.data[of_name]
        sources = {key: value for key, value in self.data.items() if isinstance(value, str | list)}
        pictures = {key: value for key, value in sources.items() if _is_picture(value)} or sources
        if len({str(value) for value in pictures.values()}) == 1:
            return next(iter(pictures.values()))
        raise BadLabel(
            f"{self.where} has the data {listed(map(repr, self.data)) or '{}'}"
            + (f", and its regions are on {of_name!r}" if of_name else ""),
            expected="one picture among them",
            remedy="Name the data of the picture as its tag in the labelling setup, and export again",
            path=path,
        )


def tasks_in(value: Any, path: Path) -> list[Task]:
    """The tasks of an export, JSON or JSON-MIN.

    Raises:
        BadLabel: the value is no export.
    """
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BadLabel(
            "holds no tasks", expected="a list of tasks, as Label Studio exports it as JSON", path=path
        )
    short: dict[Any, list[dict[str, Any]]] = {}
    tasks = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry.get("data"), dict):
            tasks.append(_task(entry, number))
        else:
            # JSON-MIN has a line for each annotation, so a task may have several.
            task_id = entry.get("id")
            key = repr(task_id) if isinstance(task_id, int | str) else f"no. {number}"
            short.setdefault(key, []).append(entry)
    return tasks + [_short_task(key, lines) for key, lines in short.items()]


def has_results(value: Any) -> bool:
    """Whether a JSON value is an export of Label Studio in which something is labelled."""
    entries = value if isinstance(value, list) else [value]
    return any(
        bool(_whole_results(entry) if isinstance(entry.get("data"), dict) else _short_results(entry))
        for entry in entries
        if isinstance(entry, dict)
    )


def _task(entry: dict[str, Any], number: int) -> Task:
    submitted = [one for key in _SUBMITTED_KEYS for one in _dicts(entry.get(key))]
    return Task(
        f"task {entry['id']!r}" if "id" in entry else f"task no. {number}",
        entry["data"],
        tuple(_submitted(one, _dicts(one.get("result"))) for one in submitted),
        any(_dicts(one.get("result")) for one in _dicts(entry.get("predictions"))),
    )


def _short_task(key: str, lines: list[dict[str, Any]]) -> Task:
    submitted = tuple(_submitted(line, _short_results(line)) for line in lines)
    return Task(f"task {key}", lines[0], submitted, has_predictions=False)


def _submitted(entry: dict[str, Any], results: list[dict[str, Any]]) -> Submitted:
    time = entry.get("updated_at") or entry.get("created_at") or ""
    is_cancelled = entry.get("was_cancelled") is True
    return Submitted(results, is_cancelled, entry.get("ground_truth") is True, str(time))


def _whole_results(entry: dict[str, Any]) -> list[dict[str, Any]]:
    keys = (*_SUBMITTED_KEYS, "predictions")
    return [
        result
        for key in keys
        for one in _dicts(entry.get(key))
        for result in _dicts(one.get("result"))
        if _says_something(result.get("value"))
    ]


def _short_results(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Regions of JSON-MIN, in the form of the other export."""
    return [
        {
            "value": region,
            "original_width": region.get("original_width"),
            "original_height": region.get("original_height"),
            "image_rotation": region.get("image_rotation"),
        }
        for values in entry.values()
        for region in _dicts(values)
        if any(isinstance(key, str) and key.endswith("labels") for key in region) and _says_something(region)
    ]


def _says_something(value: Any) -> bool:
    """Whether a region has content: a brush that painted nothing is coded as zeros."""
    if not isinstance(value, dict):
        return False
    code = value.get("rle")
    return bool(value) and (not isinstance(code, list) or any(code[:4]))


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _is_picture(value: str | list[Any]) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, str):
        return False
    return first.startswith("data:image/") or _name_of(first, "").lower().endswith(_PICTURES)


def _name_of(address: str, where: str) -> str:
    """The name of a picture in its address: of an upload, a local storage, a bucket or the web."""
    text = address.strip()
    if text.startswith("data:"):
        return where.replace("'", "")  # the picture itself, which has no name
    if found := _OF_LOCAL_FILES.search(text):
        return picture_name(unquote(found[1])).lstrip("/")
    if "://" in text:
        text = unquote(re.split(r"[?#]", text.partition("://")[2])[0])
    elif _UPLOADED.match(text):
        text = _UPLOADED.sub("", unquote(text.partition("?")[0]))
    return picture_name(text)
