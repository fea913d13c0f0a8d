"""Put a trained generator into the package, in half precision.

``python scripts/ship_generator.py FOLDER NAME`` reads the model folder that ``partly train`` made, and writes
``src/partly/data/shipped/generators/NAME``. How it was trained stays in its card.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from partly.storage import ModelCard, load_model, save_model

SHIPPED = Path(__file__).parents[1] / "src" / "partly" / "shipped" / "generators"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("name")
    asked = options.parse_args()
    card, tensors = load_model(asked.folder, "generator/")
    halves = {name: t.half() if t.dtype == torch.float32 else t for name, t in tensors.items()}
    extra = {**card.extra, "precision": "float16 on disk, float32 in use"}
    save_model(SHIPPED / asked.name, ModelCard(card.kind, card.arguments, extra), halves)
    size_mb = (SHIPPED / asked.name / "model.safetensors").stat().st_size / 1e6
    print(f"{SHIPPED / asked.name}: {size_mb:.1f} MB")


if __name__ == "__main__":
    main()
