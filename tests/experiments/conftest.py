"""A bench of the tiny generator, with an annotator who sees the same face in every picture."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from experiments.bench import Bench
from experiments.protocol import PROTOCOL
from PIL import Image

from tests.fakes import tiny_generator

TINY = replace(PROTOCOL, n_unseen=3, n_candidates=12, label_px=64, visible_px=4, n_alone=2, n_choices=2)


def face_ids(size_px: int = 64, shift: int = 0) -> np.ndarray:
    """The parser's ids of a drawn face that shows every part of a face, moved to the right by ``shift``."""
    ids = np.zeros((64, 64), np.uint8)
    boxes = {
        17: (2, 30, 10, 54),
        1: (10, 50, 14, 50),
        7: (26, 34, 10, 14),
        8: (26, 34, 50, 54),
        2: (18, 20, 20, 28),
        3: (18, 20, 36, 44),
        4: (22, 26, 20, 28),
        5: (22, 26, 36, 44),
        10: (28, 34, 28, 36),
        11: (40, 44, 26, 38),
        14: (50, 56, 24, 40),
        16: (56, 64, 10, 54),
    }
    for part, (top, bottom, left, right) in boxes.items():
        ids[top:bottom, left:right] = part
    at = np.arange(size_px) * 64 // size_px
    return np.roll(ids, shift, axis=1)[np.ix_(at, at)]


class FakeAnnotator:
    """Sees :func:`face_ids`, moved by how bright the picture is, so that pictures differ."""

    def parse_ids(self, images: torch.Tensor, size_px: int, *, seen_px: int = 64) -> np.ndarray:
        shifts = [int(3 * torch.tanh(image.mean())) for image in images]
        return np.stack([face_ids(size_px, shift) for shift in shifts])


@pytest.fixture
def data(tmp_path):
    """A folder with four photos and their truth, in the data's ids."""
    folder = tmp_path / "data"
    folder.mkdir()
    truth = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32) // 4 % 19
    with zipfile.ZipFile(folder / "faces_labelled_512.zip", "w") as file:
        for i, name in enumerate("abcd"):
            photo, label = io.BytesIO(), io.BytesIO()
            pixels = np.random.default_rng(i).integers(0, 255, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(photo, "JPEG")
            Image.fromarray(truth).save(label, "PNG")
            file.writestr(f"images/{name}.jpg", photo.getvalue())
            file.writestr(f"labels/{name}.png", label.getvalue())
    return folder


@pytest.fixture
def bench(tmp_path, data, monkeypatch):
    monkeypatch.setattr("experiments.photos.PROTOCOL", TINY)
    return Bench(
        tmp_path / "out",
        data,
        protocol=TINY,
        get_generator=partial(tiny_generator),
        get_annotator=FakeAnnotator,
    )
