"""Copies of annotations that are being rewritten: an annotation is two files, and a kill may come between."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from partly.files import atomic_path
from partly.project import Project
from partly.studio.session.studio_paths import StudioPaths

# The JSON last: an annotation, or a copy, with its JSON is complete.
_SUFFIXES = (".png", ".json")


@contextmanager
def kept_aside(project: Project, annotation_id: str) -> Iterator[None]:
    """Keep a copy of an annotation while the block rewrites it; after an error it is what it was before."""
    copies = [StudioPaths.of(project).asides / f"{annotation_id}{suffix}" for suffix in _SUFFIXES]
    for copy in copies:
        _copy(project.annotations / copy.name, copy)
    try:
        yield
    except BaseException:
        _put_back(project, copies)
        raise
    _remove(copies)


def put_back(project: Project) -> None:
    """Put annotations back that a kill left unfinished; to be called before anything is read."""
    for record in sorted(StudioPaths.of(project).asides.glob("[!.]*.json")):
        stem = record.name.removesuffix(".json")
        _put_back(project, [record.with_name(stem + suffix) for suffix in _SUFFIXES])


def _put_back(project: Project, copies: Sequence[Path]) -> None:
    for copy in copies:
        _copy(copy, project.annotations / copy.name)
    _remove(copies)


def _remove(copies: Sequence[Path]) -> None:
    for copy in reversed(copies):
        copy.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
