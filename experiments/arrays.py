"""Arrays kept between measurements: npz files without pickle, written atomically."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.storage import write_bytes

Array = NDArray[np.uint8]


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())


def load_arrays(path: Path, names: Sequence[str]) -> dict[str, Array] | None:
    """Arrays of these names; None where the file is missing, damaged or lacks one, and must be made anew."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
