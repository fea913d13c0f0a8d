"""The annotations that ship with Partly: label maps drawn by hand on pictures of a generator."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path

from partly.data.labels.annotation import Annotation, annotation_ids, list_annotations, load_annotation
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel

SHIPPED_SETS = {"faces": "ffhq", "portraits": "portraits"}
"""Names of the sets, each with that of the generator whose pictures were labelled."""


def shipped_set(name: str, part_set: PartSet) -> list[Annotation]:
    """All annotations of one set.

    Args:
        name: one of :data:`SHIPPED_SETS`.
        part_set: the parts to bring them to.

    Raises:
        BadLabel: the part set lacks their parts.
    """
    with _folder(name) as folder:
        return list_annotations(folder, part_set)


def shipped_annotations(ids: Sequence[str], part_set: PartSet) -> list[Annotation]:
    """Annotations by their ids, of whatever set.

    Args:
        ids: which of them.
        part_set: the parts to bring them to.

    Raises:
        BadLabel: an unknown id, or a part set that lacks their parts.
    """
    known: dict[str, str] = {}
    for name in SHIPPED_SETS:
        with _folder(name) as folder:
            known |= dict.fromkeys(annotation_ids(folder), name)
    if unknown := [annotation_id for annotation_id in ids if annotation_id not in known]:
        raise BadLabel(
            f"no annotation {', '.join(unknown)} ships with Partly", expected=f"one of {', '.join(known)}"
        )
    annotations = []
    for annotation_id in ids:
        with _folder(known[annotation_id]) as folder:
            annotations.append(load_annotation(folder, annotation_id, part_set))
    return annotations


def _folder(name: str) -> AbstractContextManager[Path]:
    return as_file(files("partly.data") / "shipped" / name / "annotations")
