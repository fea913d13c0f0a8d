"""What an exported file says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partly.data.labels import PartSet
from partly.errors import BadModelFile, PartlyError
from partly.inference.export.onnx_metadata import read_metadata
from partly.storage import parsed_json

if TYPE_CHECKING:
    from partly.inference.segment import EncoderNetwork
    from partly.models.networks import AutoShotNetwork

SCHEMA_VERSION = 1

_PREFIX = "partly."
_ONLY_SIZE = "only_size_px"
_PREPROCESSING = {"channels": "RGB", "layout": "NHWC", "range": [0, 255]}


def facts_of(
    network: AutoShotNetwork | EncoderNetwork, size: tuple[int, int] | None = None
) -> dict[str, Any]:
    """What :func:`read_onnx_facts` will read from the file of a network.

    Args:
        network: it.
        size: height and width of the only photos that the file reads; None: any.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "architecture": network.architecture,
        "digest": network.digest,
        "size_px": network.size_px if size is None else max(size),
        "part_set": network.part_set.to_json(),
        "preprocessing": dict(_PREPROCESSING),
        **({} if size is None else {_ONLY_SIZE: list(size)}),
    }


def metadata_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as metadata of an ONNX file: names begin with ``partly.``, values that are no texts are JSON."""
    return {
        _PREFIX + name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in facts.items()
    }


def read_onnx_facts(path: str | Path) -> dict[str, Any]:
    """The facts in an exported file, as plain JSON values; its weights are not read, nor is onnx needed.

    Returns:
        ``schema_version``; ``architecture``; ``digest``, that of the network that it was made from;
        ``size_px``, the size that photos are best resized to; ``part_set``, which ``PartSet.from_json``
        reads; ``preprocessing``, what ``images`` must hold; ``only_size_px``, height and width that
        ``images`` must have, of a network with an encoder of photos inside.

    Raises:
        BadModelFile: it is missing, damaged, not one that Partly exported, or of another schema version.
    """
    path = Path(path)
    metadata = read_metadata(path)
    _check_version(metadata.get(_PREFIX + "schema_version"), path)
    try:
        facts = _facts_from(metadata)
        PartSet.from_json(facts["part_set"])
    except (KeyError, ValueError, PartlyError) as error:
        raise BadModelFile(
            f"its metadata is damaged ({error})", remedy="Export the network again", path=path
        ) from error
    return facts


def _check_version(version: str | None, path: Path) -> None:
    if version is None:
        raise BadModelFile(
            "says nothing about parts", expected="a network that partly export wrote", path=path
        )
    if version != str(SCHEMA_VERSION):
        raise BadModelFile(
            f"has schema version {version!r}",
            expected=f"version {SCHEMA_VERSION}",
            remedy="Use the version of Partly that wrote it, or export the network again",
            path=path,
        )


def _facts_from(metadata: Mapping[str, str]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        **{name: metadata[_PREFIX + name] for name in ("architecture", "digest")},
        "size_px": int(metadata[_PREFIX + "size_px"]),
        **{name: parsed_json(metadata[_PREFIX + name]) for name in ("part_set", "preprocessing")},
        **{
            name: parsed_json(metadata[_PREFIX + name])
            for name in (_ONLY_SIZE,)
            if _PREFIX + name in metadata
        },
    }
