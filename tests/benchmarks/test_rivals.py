"""Rivals on pictures of a few pixels, and what they read of foreign packages."""

import io
import sys
import tarfile
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.rivals import networks, packages, parsers, segformer
from benchmarks.rivals.mean_label_map import fit as fit_mean_label_map
from benchmarks.rivals.packages import installed, unpacked
from benchmarks.rivals.protocol import Task
from benchmarks.rivals.ridge import PENALTIES
from benchmarks.rivals.ridge import fit as fit_ridge
from benchmarks.rivals.tensors import best_parts, images_of
from torch import nn

from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED
from partly.errors import NotAvailable
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.models.zoo.wheel_files import Package
from partly.training.segmentation.auto_shot_config import Stage

COLOURS = np.random.default_rng(0).integers(0, 256, (10, 3)).astype(np.uint8)


def stripes(size_px: int = 64, turned: bool = False) -> np.ndarray:
    """Ten stripes, one for each part."""
    row = (np.arange(size_px) * 10 // size_px).astype(np.uint8)
    label_map = row[None].repeat(size_px, 0)
    return label_map.T.copy() if turned else label_map


def task_of(*label_maps: np.ndarray) -> Task:
    """Pictures in which each part has its colour."""
    maps = np.stack(label_maps)
    tuning = [("photo", COLOURS[maps[0]], maps[0])]
    return Task(COLOURS[maps], maps, lambda: COLOURS[maps].repeat(3, 0), lambda: tuning, Path("nowhere"))


def test_the_mean_label_map_is_the_part_that_is_there_most_often() -> None:
    one = np.array([[0, 1], [2, 3]], np.uint8)
    two = np.array([[0, 1], [3, 3]], np.uint8)
    three = np.array([[5, 1], [3, UNLABELLED]], np.uint8)
    predict = fit_mean_label_map(task_of_maps(one, two, three)).predict
    assert predict(np.zeros((2, 2, 3), np.uint8)).tolist() == [[0, 1], [3, 3]]
    # A photo of another size gets the same label map at its own.
    assert predict(np.zeros((4, 4, 3), np.uint8))[[0, 0, 3, 3], [0, 3, 0, 3]].tolist() == [0, 1, 3, 3]


def task_of_maps(*label_maps: np.ndarray) -> Task:
    maps = np.stack(label_maps)
    return Task(np.zeros((*maps.shape, 3), np.uint8), maps, lambda: maps, lambda: [], Path("nowhere"))


def test_pixels_become_images_and_scores_label_maps() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0] = 255
    images = images_of(pixels)
    assert images.shape == (1, 3, 4, 4)
    assert images[0, :, 0, 0].tolist() == [1, -1, -1]
    assert images_of(pixels, 2).shape == (1, 3, 2, 2)
    assert best_parts(torch.eye(2)[:, :, None].expand(-1, -1, 2), 2, 4).tolist() == [[0] * 4, [1] * 4]


def test_ridge_on_colours_finds_the_stripes_wherever_they_run() -> None:
    def load():
        # A degree of freedom for each colour: coordinates alone would find the stripes of the label.
        def maps(images: torch.Tensor) -> list[torch.Tensor]:
            small = torch.nn.functional.adaptive_avg_pool2d(images, 32)
            return [
                small,
                torch.cat([(images - c).square().sum(1, keepdim=True).mul(-4).exp() for c in means], 1),
            ]

        means = [torch.tensor(c / 127.5 - 1).float().view(3, 1, 1) for c in COLOURS]
        return maps

    fitted = fit_ridge(task_of(stripes()), load)
    assert fitted.chosen["penalty"] in PENALTIES
    assert len(fitted.chosen["tuning_ious"]) == 2 * len(PENALTIES)
    turned = stripes(256, turned=True)
    found = fitted.predict(COLOURS[turned])
    assert (found == turned).mean() > 0.8
    # Ten labels know better than what the segmenter guesses of plain pictures.
    assert len(fit_ridge(task_of(*[stripes()] * 4), load).chosen["tuning_ious"]) == len(PENALTIES)


def tiny_training(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = networks.training
    stages = (Stage(1.0, 64),)
    monkeypatch.setattr(networks, "training", lambda n: replace(usual(2), stages=stages, batch_size=2))
    monkeypatch.setattr(segformer, "training", lambda n: replace(usual(2), stages=stages, batch_size=2))


def test_a_network_learns_from_copies_of_the_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_training(monkeypatch)
    label_map = stripes()
    label_map[0] = UNLABELLED
    task = task_of(np.minimum(label_map, 9))
    task = replace(task, label_maps=label_map[None])
    data = networks.labelled_pictures(task)
    assert len(data) == 20
    soft = data.logits[0].softmax(0)
    torch.testing.assert_close(soft[:, 0], torch.full((10, 64), 0.1))
    assert (soft.argmax(0)[1:] == torch.from_numpy(label_map[1:]).long()).all()
    fitted = networks.RIVALS["unet-scratch"].fit(task)
    assert fitted.predict(np.zeros((80, 80, 3), np.uint8)).shape == (80, 80)
    assert fitted.chosen["n_steps"] == 2


def test_ten_labels_are_all_learned_from() -> None:
    data = networks.labelled_pictures(task_of(*[np.full((8, 8), i, np.uint8) for i in range(10)]))
    assert data.logits[:, :, 0, 0].argmax(1).tolist() == list(range(10)) * 2


class FakeDecoder(nn.Module):
    """As SegFormer's: maps to logits at the size of the finest."""

    def __init__(self, config) -> None:
        super().__init__()
        self.classifier = nn.Conv2d(config.hidden_sizes[0], config.num_labels, 1)

    def forward(self, maps):
        return self.classifier(maps[0])


class FakeEncoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, config.hidden_sizes[0], 4, stride=4)

    def forward(self, images, output_hidden_states):
        assert output_hidden_states
        return type("Output", (), {"hidden_states": (self.conv(images),)})


class FakeTransformers:
    class SegformerConfig:
        def __init__(self, num_labels, hidden_sizes=(8,)) -> None:
            self.num_labels, self.hidden_sizes = num_labels, hidden_sizes

    class SegformerForSemanticSegmentation:
        def __init__(self, config) -> None:
            self.segformer = type("Model", (), {"encoder": FakeEncoder(config)})
            self.decode_head = FakeDecoder(config)

    SegformerDecodeHead = FakeDecoder


@pytest.mark.parametrize("name", ["segformer-scratch", "lite0-segformer-head"])
def test_segformer_is_trained_by_the_same_loop(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tiny_training(monkeypatch)
    monkeypatch.setattr(segformer, "installed", lambda requirements, folder: tmp_path)
    monkeypatch.setattr(segformer.importlib, "import_module", lambda name: FakeTransformers)
    monkeypatch.setattr(segformer, "encoder_weights", lambda: Path("weights"))
    monkeypatch.setattr(segformer, "load_file", lambda path: EfficientNetLite0().state_dict())
    monkeypatch.setattr(sys, "path", [*sys.path])
    fitted = segformer.RIVALS[name].fit(task_of(stripes()))
    assert fitted.predict(np.zeros((50, 50, 3), np.uint8)).shape == (50, 50)
    assert str(tmp_path) in sys.path


def test_the_same_seed_gives_the_same_first_weights() -> None:
    first, second = (segformer._seeded(lambda: torch.rand(3)) for _ in range(2))
    assert torch.equal(first, second)


class FakeParser:
    def parse(self, images: torch.Tensor, size_px: int) -> np.ndarray:
        found = np.full((1, size_px, size_px), images.shape[-1] % 10, np.uint8)
        found[:, 0] = UNLABELLED
        return found


@pytest.mark.parametrize(("name", "seen_px"), [("bisenet", 512), ("bisenet-256", 256)])
def test_the_parser_sees_photos_at_two_sizes(
    name: str, seen_px: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsers, "parser", FakeParser)
    found = parsers.RIVALS[name].fit(task_of(stripes())).predict(np.zeros((512, 512, 3), np.uint8))
    assert found.shape == (512, 512)
    assert (found[1:] == seen_px % 10).all()
    # Under eyeglasses there is skin.
    assert (found[0] == FACE_PARTS.index("skin")).all()


def archives(folder: Path) -> list[Path]:
    wheel, sdist = folder / "a.whl", folder / "a.tar.gz"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("a/b/c.txt", "c")
        file.writestr("a/d.txt", "d")
    with tarfile.open(sdist, "w:gz") as file:
        for name in ("a/b/c.txt", "a/d.txt"):
            info = tarfile.TarInfo(name)
            info.size = 1
            file.addfile(info, io.BytesIO(name[-5:-4].encode()))
    return [wheel, sdist]


@pytest.mark.parametrize("number", [0, 1])
def test_only_the_wanted_files_are_unpacked_and_once(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(requirement: str, sha256: str, kind: str, into: Path) -> Path:
        asked.append((requirement, sha256, kind))
        return archives(tmp_path)[number]

    monkeypatch.setattr(packages, "fetch_package", fetch)
    unpack = partial(unpacked, Package("a==1", "5e", ()), {"a/b": "x/y"}, tmp_path / "packages" / "a")
    assert unpack() == unpack()
    assert asked == [("a==1", "5e", "wheel")]
    assert [p.relative_to(tmp_path).as_posix() for p in (tmp_path / "packages").rglob("*.txt")] == [
        "packages/a/x/y/c.txt"
    ]


def test_packages_are_installed_apart_and_without_dependencies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = []

    def run(command, **_):
        commands.append(command)
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(packages.subprocess, "run", run)
    folder = tmp_path / "packages" / "transformers"
    assert (
        installed(["transformers==4.57.6"], folder) == installed(["transformers==4.57.6"], folder) == folder
    )
    [command] = commands
    assert "--no-deps" in command
    assert Path(command[command.index("--target") + 1]).is_relative_to(folder.parent)
    assert not any("torch" in requirement for requirement in segformer.REQUIREMENTS)


def test_a_package_that_cannot_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = type("Done", (), {"returncode": 1, "stderr": "no network\n"})
    monkeypatch.setattr(packages.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(NotAvailable, match=r"pip cannot install a==1 \(no network\)"):
        installed(["a==1"], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
