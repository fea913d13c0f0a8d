"""Annotations: a label map with what it belongs to, as ``<id>.png`` and ``<id>.json`` in one folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from partly.data.labels.label_maps import (
    LabelMap,
    check_label_map,
    read_label_map,
    translate_label_map,
    write_label_map,
)
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel
from partly.storage import write_text

_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")
_RESERVED_ON_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def check_annotation_id(annotation_id: str) -> None:
    """Check that an id is safe as a file name on every system.

    Raises:
        BadLabel: it is not.
    """
    if not _ID.fullmatch(annotation_id) or _RESERVED_ON_WINDOWS.fullmatch(annotation_id):
        raise BadLabel(
            f"{annotation_id!r} is no safe annotation id",
            expected="1 to 100 letters a to z, digits, '_', '-' and '.', no '.' at the ends, no device name",
            remedy=f"Try {annotation_id_from(annotation_id)!r}",
        )


def annotation_id_from(name: str) -> str:
    """A safe id made from any text, such as a photo's name; the same text gives the same id."""
    text = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:99].rstrip("-") or "annotation"
    return f"{text}_" if _RESERVED_ON_WINDOWS.fullmatch(text) else text


_MAX_LAYERS = 1024


def latent_to_json(w: npt.NDArray[np.float32]) -> dict[str, Any]:
    """A latent, float32 [l, v], as JSON values: one row if all layers share it; reads back exactly."""
    # The shortest decimal of a float32 widened to float64 reads back as that same float32.
    shared = all(row.tobytes() == w[0].tobytes() for row in w)
    return {"n_layers": len(w), "values": w[0].tolist() if shared else w.tolist()}


def latent_from_json(value: Any) -> npt.NDArray[np.float32] | None:
    """The latent, float32 [l, v], of :func:`latent_to_json`, or None for null.

    Raises:
        BadLabel: the values are no latent.
    """
    if value is None:
        return None
    try:
        n_layers, values = value["n_layers"], np.array(value["values"], np.float64)
        if not 1 <= n_layers <= _MAX_LAYERS:
            raise ValueError(n_layers)
        with np.errstate(over="ignore"):  # becomes infinite, which is refused later
            return np.broadcast_to(values, (n_layers, values.shape[-1])).astype(np.float32)
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise BadLabel(
            "its latent w is damaged", expected='{"n_layers": l, "values": [v] or [l][v]}'
        ) from None


def check_latent(w: npt.NDArray[np.float32], annotation_id: str) -> None:
    """Raise BadLabel if an array is no latent: float32 [l, v] of finite numbers."""
    if w.dtype != np.float32 or w.ndim != 2 or not w.size:
        raise BadLabel(
            f"the latent of annotation {annotation_id!r} is {w.dtype} {list(w.shape)}",
            expected="float32 [layers, w_dim]",
        )
    if not np.isfinite(w).all():
        raise BadLabel(
            f"the latent of annotation {annotation_id!r} has values that are not finite",
            expected="finite numbers",
        )


SCHEMA_VERSION = 1

_KEYS = ("size_px", "part_set", "generator_digest", "w", "photo", "photo_sha256")
"""What a label map means, which must not be mixed up with that of another label map."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """A label map with what it belongs to: a latent of a generator, a photo, or both (a projected photo).

    Attributes:
        id: safe file name, without suffix.
        label_map: part ids, uint8 [h, w].
        w: latent of the picture, float32 [l, v], a row for each layer of the generator; None: a photo only.
        generator_digest: sha256 of the weights of the generator that ``w`` belongs to.
        photo: relative name of the photo, with forward slashes.
        photo_sha256: digest of the photo's file.
        note: anything worth telling.

    Raises:
        BadLabel: an unsafe id, a latent without a generator, a photo without a digest (or the reverse), or
            neither of the two.
    """

    id: str
    label_map: LabelMap
    w: npt.NDArray[np.float32] | None = None
    generator_digest: str | None = None
    photo: str | None = None
    photo_sha256: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        check_annotation_id(self.id)
        if self.w is None and self.photo is None:
            raise BadLabel(
                f"annotation {self.id!r} belongs to nothing", expected="the latent of a picture, or a photo"
            )
        if (self.w is None) != (self.generator_digest is None):
            raise BadLabel(
                f"annotation {self.id!r} has only one of a latent and a generator's digest",
                expected="both, since a latent means nothing without its generator",
            )
        if (self.photo is None) != (self.photo_sha256 is None):
            raise BadLabel(
                f"annotation {self.id!r} has only one of a photo and a photo's sha256", expected="both"
            )
        if self.w is not None:
            check_latent(self.w, self.id)
        if self.photo is not None:
            _check_photo_name(self.photo, self.id)


def save_annotation(
    folder: str | Path, annotation: Annotation, part_set: PartSet, *, overwrite: bool = False
) -> Path:
    """Write ``<id>.png`` and then ``<id>.json``, each atomically: an annotation with its JSON is complete.

    Args:
        folder: where annotations are; made if missing.
        annotation: what to write.
        part_set: what its ids mean; kept in the JSON.
        overwrite: replace an annotation with this id.

    Returns:
        Path of the JSON.

    Raises:
        BadLabel: the id is taken, or the label map does not fit the part set or is empty.
    """
    label_path, path = _paths(Path(folder), annotation.id)
    if path.exists() and not overwrite:
        raise BadLabel(
            f"annotation {annotation.id!r} exists already",
            expected="a new id",
            remedy="Choose another id, or ask for the old annotation to be overwritten",
            path=path,
        )
    check_label_map(annotation.label_map, part_set, path=label_path)
    record = _record(annotation, part_set)
    if path.exists() and not _means_the_same(path, record):
        # A kill between the two writes must not leave the new label map with, say, the old latent.
        path.unlink()
    write_label_map(label_path, annotation.label_map, part_set)
    write_text(path, _json_lines(record))
    return path


def load_annotation(folder: str | Path, annotation_id: str, part_set: PartSet) -> Annotation:
    """Read one annotation; its ids become those of ``part_set``, by the names of the parts.

    Raises:
        BadLabel: a file is missing, damaged or of another version, or the label map has another size than was
            saved, unknown ids, no labelled pixel, or pixels of a part that the part set lacks.
    """
    check_annotation_id(annotation_id)
    label_path, path = _paths(Path(folder), annotation_id)
    record = _read_record(path)
    painted_with = PartSet.from_json(record["part_set"], path)
    width, height = _checked_size(record["size_px"], path)
    label_map = read_label_map(label_path, painted_with, size=(height, width))
    label_map = translate_label_map(label_map, painted_with, part_set, label_path)
    try:
        return Annotation(
            annotation_id,
            label_map,
            latent_from_json(record["w"]),
            **{key: _text_or_none(record[key]) for key in ("generator_digest", "photo", "photo_sha256")},
            note=str(record.get("note", "")),
        )
    except BadLabel as error:
        raise BadLabel(error.found, expected=error.expected, remedy=error.remedy, path=path) from None


def annotation_part_set(folder: str | Path, annotation_id: str) -> PartSet:
    """The part set that one annotation was saved with.

    Raises:
        BadLabel: its JSON is missing, damaged or of another version.
    """
    check_annotation_id(annotation_id)
    path = _paths(Path(folder), annotation_id)[1]
    return PartSet.from_json(_read_record(path)["part_set"], path)


def remove_annotation(folder: str | Path, annotation_id: str) -> None:
    """Delete an annotation, its JSON first: what a kill leaves is none any more."""
    check_annotation_id(annotation_id)
    label_path, path = _paths(Path(folder), annotation_id)
    path.unlink(missing_ok=True)
    label_path.unlink(missing_ok=True)


def annotation_ids(folder: str | Path) -> list[str]:
    """Ids of the complete annotations in a folder, sorted; none if the folder is missing."""
    return sorted(path.stem for path in Path(folder).glob("*.json") if not path.name.startswith("."))


def list_annotations(folder: str | Path, part_set: PartSet) -> list[Annotation]:
    """All complete annotations in a folder, sorted by id; none if the folder is missing.

    Raises:
        BadLabel: one of them cannot be loaded.
    """
    return [load_annotation(folder, annotation_id, part_set) for annotation_id in annotation_ids(folder)]


def _paths(folder: Path, annotation_id: str) -> tuple[Path, Path]:
    # with_suffix would cut ids that have a dot in them.
    return folder / f"{annotation_id}.png", folder / f"{annotation_id}.json"


def _record(annotation: Annotation, part_set: PartSet) -> dict[str, Any]:
    height, width = annotation.label_map.shape
    return {
        "schema_version": SCHEMA_VERSION,
        "size_px": [width, height],
        "part_set": part_set.to_json(),
        "generator_digest": annotation.generator_digest,
        "w": None if annotation.w is None else latent_to_json(annotation.w),
        "photo": annotation.photo,
        "photo_sha256": annotation.photo_sha256,
        "note": annotation.note,
    }


def _json_lines(record: dict[str, Any]) -> str:
    # One line for each key: a latent spread over thousands of lines would hide the rest.
    lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in record.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BadLabel(
            "no such annotation",
            expected="an annotation as <id>.png and <id>.json",
            remedy="Label the picture (again); a PNG without its JSON is one that was not finished",
            path=path,
        ) from None
    except (ValueError, RecursionError) as error:
        raise BadLabel(f"is no JSON ({error})", remedy="Label the picture again", path=path) from error
    if not isinstance(record, dict) or record.get("schema_version") != SCHEMA_VERSION:
        version = record.get("schema_version") if isinstance(record, dict) else None
        raise BadLabel(
            f"has schema version {version!r}",
            expected=f"an annotation of version {SCHEMA_VERSION}",
            remedy="Use the version of Partly that wrote it, or label the picture again",
            path=path,
        )
    missing = [key for key in _KEYS if key not in record]
    if missing:
        raise BadLabel(f"lacks {', '.join(missing)}", remedy="Label the picture again", path=path)
    return record


def _means_the_same(path: Path, record: dict[str, Any]) -> bool:
    try:
        old = _read_record(path)
    except BadLabel:
        return False
    return all(old[key] == record[key] for key in _KEYS)


def _checked_size(value: Any, path: Path) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2 and all(type(n) is int and n > 0 for n in value):
        return value[0], value[1]
    raise BadLabel(f"has size_px {value!r}", expected="[width, height]", path=path)


def _text_or_none(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise BadLabel(f"has the value {value!r}", expected="a text or null")


def _check_photo_name(photo: str, annotation_id: str) -> None:
    path = PurePosixPath(photo)
    if not photo or path.is_absolute() or ".." in path.parts or "\\" in photo or ":" in path.parts[0]:
        raise BadLabel(
            f"annotation {annotation_id!r} has the photo name {photo!r}",
            expected="a relative name with forward slashes, without '..'",
        )
