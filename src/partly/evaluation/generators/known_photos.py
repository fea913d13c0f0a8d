"""The photos that a generator learned from, as a feature network sees them: kept beside the generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from partly.errors import BadOption
from partly.evaluation.generators.feature_rows import PhotoFeatures
from partly.evaluation.metrics.feature_sets import check_features
from partly.storage import write_bytes

FILE_NAME = "known-photos.safetensors"
_MOST = 1000
_FEATURES, _NETWORK = "features", "network_sha256"


def keep_known_photos(folder: Path, photos: PhotoFeatures) -> None:
    """Keep features of some photos, in halves, beside a generator: less than a megabyte.

    Args:
        folder: model folder of the generator.
        photos: what it learned from; a thousand of them are kept, always the same.

    Raises:
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    rows = photos.some(_MOST).rows.astype(np.float16)
    write_bytes(folder / FILE_NAME, save({_FEATURES: rows}, {_NETWORK: photos.network_digest}))


def known_photos(folder: Path, network_digest: str) -> PhotoFeatures | None:
    """The photos of a generator as a network sees them; None where no such features are kept, or are damaged.

    Args:
        folder: model folder of the generator.
        network_digest: of the network.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            rows, digest = file.get_tensor(_FEATURES), (file.metadata() or {}).get(_NETWORK)
        rows = np.asarray(rows, np.float32)
        check_features(rows, "photos", least=2)
    except (OSError, SafetensorError, ValueError, TypeError, BadOption):
        return None
    return PhotoFeatures(rows, network_digest) if digest == network_digest else None
