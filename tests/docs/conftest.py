"""A user's machine on which the models are tiny."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from partly.data.labels.annotation import Annotation, save_annotation
from partly.data.labels.part_sets import FACE_PARTS
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.models.zoo.efficientnet_weights import KIND
from partly.storage.model_folders import ModelCard, save_model
from tests.fakes import thing_annotation


def striped_face() -> np.ndarray:
    """A label map of 64 px in which each part of a face has some rows."""
    ids = np.arange(64) * FACE_PARTS.n_parts // 64
    return np.repeat(ids.astype(np.uint8)[:, None], 64, axis=1)


@pytest.fixture
def machine(cache: Path, generator: MobileStyleGAN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in: models are in the cache, and photos in ``holiday``."""
    generator.save(cache / "models" / "ffhq", {"title": "tiny"})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_model(
            cache / "models" / "efficientnet-lite0", ModelCard(KIND, {}), EfficientNetLite0().state_dict()
        )
    work = tmp_path / "work"
    (work / "holiday").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    Image.fromarray(pixels).save(work / "holiday" / "beach.jpg")
    Image.fromarray(pixels).save(work / "photo.jpg")
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def shipped(tmp_path: Path, generator: MobileStyleGAN) -> Path:
    """A package folder with a shipped annotation of the tiny generator."""
    made = thing_annotation(generator, 0)
    annotation = Annotation("face-1", striped_face(), made.w, made.generator_digest)
    save_annotation(tmp_path / "package" / "shipped" / "faces" / "annotations", annotation, FACE_PARTS)
    return tmp_path / "package"
