"""First weights from a generator that was trained before."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from partly.errors import BadOption
from partly.storage import fill, load_model


def start_from(generator: Any, folder: Path) -> None:
    """Give a generator the weights of another of the same kind and shape.

    Learning from a generator of other photos needs fewer photos and less time (Karras et al., NeurIPS 2020,
    section 4.2).

    Raises:
        BadModelFile: the folder holds no such model, or it is damaged.
        BadOption: it has another shape.
    """
    card, tensors = load_model(folder, generator.kind)
    # As JSON has it, without tuples.
    shape = json.loads(json.dumps(asdict(generator.shape)))
    # What earlier versions did not write down was as the defaults have it.
    found = {**json.loads(json.dumps(asdict(type(generator.shape)()))), **card.arguments}
    other = {name: value for name, value in found.items() if shape.get(name) != value}
    if other:
        told = ", ".join(f"{name} {value}, not {shape.get(name)}" for name, value in other.items())
        raise BadOption(
            f"is a generator of {told}",
            expected="one of the same shape",
            remedy="Choose the same size, or start from nothing",
            path=folder,
        )
    fill(generator, tensors, folder / "model.safetensors")
