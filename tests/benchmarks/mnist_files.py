"""Files of MNIST with a few digits, each a bar at a place of its own."""

import gzip
import struct
from pathlib import Path

import numpy as np
from benchmarks.trained_digits import LABELS, PHOTOS, TEST_LABELS, TEST_PHOTOS


def write_mnist(folder: Path, n: int = 64, n_test: int = 20) -> Path:
    """The four files, of ``n`` digits to learn from and ``n_test`` others; the folder."""
    folder.mkdir(parents=True)
    for photos, labels, count in ((PHOTOS, LABELS, n), (TEST_PHOTOS, TEST_LABELS, n_test)):
        digits = np.arange(count) % 10
        pixels = np.random.default_rng(count).integers(0, 60, (count, 28, 28), dtype=np.uint8)
        pixels[np.arange(count), 2 * digits + 4] = 255
        head = b"\0\0\x08\x03" + struct.pack(">3I", count, 28, 28)
        (folder / photos).write_bytes(gzip.compress(head + pixels.tobytes()))
        head = b"\0\0\x08\x01" + struct.pack(">I", count)
        (folder / labels).write_bytes(gzip.compress(head + bytes(digits.tolist())))
    return folder
