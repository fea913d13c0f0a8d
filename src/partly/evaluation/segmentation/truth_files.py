"""Truth in the ids of a foreign data set, brought to a part set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.labels import UNLABELLED, LabelMap, PartSet, Tell, decode_png, read_label_map, tell_nobody
from partly.errors import BadLabel, listed
from partly.storage import parsed_json, parsed_toml, read_decoded

_MAX_ID = 65535


@dataclass(frozen=True)
class TruthMapping:
    """What the ids of foreign label maps mean.

    Attributes:
        parts_of_ids: foreign id to the name of a part, or None for ids that are left out of the count.
            Several ids may mean one part. 255 is left out unless it is named.
        part_set: the parts.

    Raises:
        BadLabel: it is empty, has an id outside 0 .. 65535, or names a part that the part set lacks.
    """

    parts_of_ids: Mapping[int, str | None]
    part_set: PartSet

    def __post_init__(self) -> None:
        if not self.parts_of_ids:
            raise BadLabel(
                "the truth mapping is empty", expected='ids and parts, such as {"0": "background"}'
            )
        for foreign_id, name in self.parts_of_ids.items():
            if not 0 <= foreign_id <= _MAX_ID:
                raise BadLabel(f"the truth mapping has the id {foreign_id}", expected=f"ids 0 to {_MAX_ID}")
            if name is not None:
                self.part_set.index(name)

    def apply(self, ids: NDArray[np.integer], path: str | Path | None = None) -> LabelMap:
        """A label map ``uint8 [h, w]`` from foreign ids ``[h, w]``.

        Raises:
            BadLabel: ids that the mapping does not name; the error lists them and names ``path``.
        """
        present = np.unique(ids).tolist()
        unknown = [i for i in present if i not in self.parts_of_ids and i != UNLABELLED]
        if unknown:
            raise BadLabel(
                f"the truth has ids that the mapping does not name: {listed(map(str, unknown))}",
                expected=listed(map(str, sorted(self.parts_of_ids))),
                remedy="Name them in the mapping: a part, or null to leave them out of the count",
                path=path,
            )
        label_map = np.full(ids.shape, UNLABELLED, np.uint8)
        for i in present:
            name = self.parts_of_ids.get(i)
            if name is not None:
                label_map[ids == i] = self.part_set.index(name)
        return label_map

    def notes(self) -> tuple[str, ...]:
        """What a reader of figures that rest on this mapping should know."""
        left_out = sorted(i for i, name in self.parts_of_ids.items() if name is None)
        absent = [name for name in self.part_set.names if name not in self.parts_of_ids.values()]
        texts = []
        if left_out:
            texts.append(f"Left out of the count: pixels with {_ids_text(left_out)} in the truth.")
        if absent:
            texts.append(f"No id of the truth means {', '.join(absent)}: predicting it counts as wrong.")
        return tuple(texts)


def read_truth_mapping(path: str | Path, part_set: PartSet) -> TruthMapping:
    """Read a mapping of ids to part names from JSON or TOML.

    JSON: ``{"0": "background", "4": "eye", "5": "eye", "3": null}``. TOML has no null: ``3 = false``.

    Raises:
        BadLabel: missing, not JSON or TOML, or no mapping to parts of the part set.
    """
    path = Path(path)
    values = _read_values(path)
    if not isinstance(values, dict):
        raise BadLabel(
            f"holds a {type(values).__name__}",
            expected='ids and parts, such as {"0": "background"}',
            path=path,
        )
    try:
        return TruthMapping({_id(key): _part(key, value) for key, value in values.items()}, part_set)
    except BadLabel as error:
        raise BadLabel(error.found, expected=error.expected, remedy=error.remedy, path=path) from None


def read_truth(
    path: str | Path, part_set: PartSet, mapping: TruthMapping | None = None, tell: Tell = tell_nobody
) -> LabelMap:
    """Read the truth of one photo, ``uint8 [h, w]``, 255 where nothing is known.

    Args:
        path: a PNG of part ids; with a mapping, of foreign ids (palette or grey, 8 or 16 bits).
        part_set: the parts.
        mapping: what foreign ids mean.
        tell: see :func:`~partly.data.labels.read_label_map`.

    Raises:
        BadLabel: it cannot be read, or has unknown ids.
    """
    path = Path(path)
    if mapping is None:
        return read_label_map(path, part_set, empty_ok=True, tell=tell)
    return mapping.apply(_read_ids(path), path)


def _read_ids(path: Path) -> NDArray[np.integer]:
    image = _read_image(path)
    if image.mode not in ("P", "L", "1", "I", "I;16"):
        raise BadLabel(
            f"is a PNG of the kind {image.mode}", expected="a palette or grey PNG of ids", path=path
        )
    return np.asarray(image).astype(np.int32)


def _read_image(path: Path) -> Image.Image:
    try:
        return decode_png(path.read_bytes())
    except OSError as error:
        raise _unreadable(error, "a label map as PNG", path) from error
    except ValueError as error:
        raise BadLabel(
            f"cannot be read as a PNG ({error})",
            expected="a label map as PNG",
            remedy="Save or copy it again",
            path=path,
        ) from error


def _read_values(path: Path) -> Any:
    try:
        text = read_decoded(path)
        return parsed_toml(text) if path.suffix.lower() == ".toml" else parsed_json(text)
    except OSError as error:
        raise _unreadable(error, "a truth mapping, JSON or TOML", path) from error
    except ValueError as error:  # what both parsers, and the decoding of UTF-8, raise
        raise BadLabel(
            f"is no JSON or TOML ({error})", expected="a truth mapping; TOML in a file named .toml", path=path
        ) from error


def _unreadable(error: OSError, expected: str, path: Path) -> BadLabel:
    missing = isinstance(error, FileNotFoundError)
    found = "no such file" if missing else f"cannot be read ({error.strerror})"
    return BadLabel(found, expected=expected, path=path)


def _id(key: str) -> int:
    if not key.isascii() or not key.isdigit():
        raise BadLabel(f"the truth mapping has the key {key!r}", expected="an id, a whole number")
    return int(key)


def _part(key: str, value: object) -> str | None:
    if value is None or value is False:
        return None
    if not isinstance(value, str):
        raise BadLabel(
            f"the truth mapping has {value!r} for id {key}",
            expected="the name of a part, or null (in TOML: false) to leave the id out of the count",
        )
    return value


def _ids_text(ids: list[int]) -> str:
    return f"id {ids[0]}" if len(ids) == 1 else f"the ids {listed(map(str, ids))}"
