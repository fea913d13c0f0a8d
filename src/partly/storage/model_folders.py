"""Model folders on disk: ``model.safetensors`` beside ``model.json``, written atomically, never pickled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from partly.errors import BadModelFile
from partly.storage.files import write_bytes, write_json
from partly.storage.parsed_text import parsed_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ModelCard:
    """What ``model.json`` says: enough to rebuild the model without asking anything else.

    Attributes:
        kind: which family of models it is, e.g. ``"generator/mobile-stylegan"``.
        arguments: constructor arguments, plain JSON values.
        extra: part set, preprocessing, digests of parents, licence, figures: plain JSON values.
        weights_sha256: digest of ``model.safetensors``; also the digest by which others refer to the model.
    """

    kind: str
    arguments: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str = ""


def tensors_to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Safetensors bytes of named tensors, as contiguous CPU copies."""
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    return save_tensors(plain, dict(metadata) if metadata else None)


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of named tensors: that of the ``model.safetensors`` which would hold them."""
    return hashlib.sha256(tensors_to_bytes(tensors)).hexdigest()


def save_model(folder: Path, card: ModelCard, tensors: Mapping[str, Tensor]) -> ModelCard:
    """Write a model folder; the card is written last, so a folder with a card is complete.

    Returns:
        The card with the digest of the weights filled in.
    """
    data = tensors_to_bytes(tensors)
    card = ModelCard(card.kind, card.arguments, card.extra, hashlib.sha256(data).hexdigest())
    write_bytes(folder / "model.safetensors", data)
    write_json(
        folder / "model.json",
        {
            "schema_version": SCHEMA_VERSION,
            "kind": card.kind,
            "arguments": dict(card.arguments),
            "weights_sha256": card.weights_sha256,
            **dict(card.extra),
        },
    )
    return card


def load_card(folder: Path) -> ModelCard:
    """Read and check ``model.json`` of a model folder.

    Raises:
        BadModelFile: it is missing, no JSON, incomplete, or of another schema version.
    """
    path = folder / "model.json"
    try:
        values = parsed_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadModelFile(
            "no such file", expected="a model folder with model.json and model.safetensors", path=path
        ) from None
    except ValueError as error:
        raise BadModelFile(
            f"is no JSON ({error})", remedy="Make or fetch the model again", path=path
        ) from error
    if not isinstance(values, dict) or not {"schema_version", "kind", "arguments", "weights_sha256"} <= set(
        values
    ):
        raise BadModelFile(
            "is incomplete", expected="schema_version, kind, arguments and weights_sha256", path=path
        )
    version = values.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise BadModelFile(
            f"has schema version {version!r}",
            expected=f"version {SCHEMA_VERSION}",
            remedy="Use the version of Partly that wrote it, or make the model again",
            path=path,
        )
    kinds = {"kind": str, "arguments": dict, "weights_sha256": str}
    if wrong := [name for name, of in kinds.items() if not isinstance(values[name], of)]:
        raise BadModelFile(
            f"has {wrong[0]} = {values[wrong[0]]!r}",
            expected="texts, and an object of arguments",
            remedy="Make or fetch the model again",
            path=path,
        )
    kind, arguments, digest = values.pop("kind"), values.pop("arguments"), values.pop("weights_sha256")
    return ModelCard(kind, arguments, values, digest)


def load_model(folder: Path, kind: str | None = None) -> tuple[ModelCard, dict[str, Tensor]]:
    """Read a model folder.

    Args:
        folder: the model folder.
        kind: the kind, or prefix of a kind ("generator/"), that it must have.

    Raises:
        BadModelFile: missing, truncated or changed files, another kind or version.
    """
    card = load_card(folder)
    if kind is not None and not card.kind.startswith(kind):
        raise BadModelFile(
            f"is a model of kind {card.kind!r}", expected=f"kind {kind!r}", path=folder / "model.json"
        )
    path = folder / "model.safetensors"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadModelFile("no such file", expected="the weights beside model.json", path=path) from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.weights_sha256:
        raise BadModelFile(
            f"has sha256 {digest[:16]}…",
            expected=f"{card.weights_sha256[:16]}…, as model.json says",
            remedy="The file is truncated or changed: make or fetch the model again",
            path=path,
        )
    try:
        return card, load_tensors(data)
    except SafetensorError as error:
        raise BadModelFile(f"is no safetensors file ({error})", path=path) from error


def fill(module: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load weights into a module, all of them and no others.

    Raises:
        BadModelFile: names or shapes do not fit the module.
    """
    try:
        module.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        raise BadModelFile(
            f"its weights do not fit its model.json ({str(error).splitlines()[-1].strip()})",
            remedy="Make or fetch the model again",
            path=path,
        ) from error
