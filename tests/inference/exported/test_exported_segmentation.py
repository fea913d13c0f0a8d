"""An exported file segments as `partly segment` does, and needs no torch for it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from partly.data.photos.photo import Photo
from partly.errors import BadModelFile, BadOption, NotAvailable
from partly.inference.exported.exported_network import load_exported
from partly.inference.exported.exported_segmentation import segment_exported
from partly.inference.exported.map_refinement import refined_maps
from partly.inference.exported.map_resizing import antialiasing_weights, resized_maps, upsampled_strips
from partly.inference.segment.part_probabilities import upsampled_strips as torch_strips
from partly.inference.segment.segment_options import THOROUGH
from partly.inference.segment.segment_photo_file import segment_photo
from partly.models.boundary_refinement import refined

NEAR = 1e-4


def photo_of_blocks(height: int, width: int, seed: int = 0) -> Photo:
    stream = np.random.default_rng(seed)
    blocks = stream.integers(0, 256, (-(-height // 12), -(-width // 12), 3))
    pixels = blocks.repeat(12, 0).repeat(12, 1)[:height, :width] + stream.integers(-9, 10, (height, width, 3))
    return Photo("blocks", np.clip(pixels, 0, 255).astype(np.uint8))


def maps_of(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(40, 50), (17, 90), (13, 17), (1, 1), (9, 60)])
def test_resizing_is_that_of_torch(height, width):
    maps = maps_of(1, 3, 17, 23)
    wanted = F.interpolate(torch.from_numpy(maps)[None], (height, width), mode="bilinear")[0].numpy()
    np.testing.assert_allclose(resized_maps(maps, height, width), wanted, atol=5e-5)
    strips = torch.cat(list(torch_strips(torch.from_numpy(maps), height, width)), 1).numpy()
    found = np.concatenate(list(upsampled_strips(maps, height, width)), 1)
    np.testing.assert_allclose(found, strips, atol=5e-5)


def test_a_large_map_comes_in_strips():
    maps = maps_of(2, 3, 30, 30)
    strips = list(upsampled_strips(maps, 1500, 1000))
    assert len(strips) > 1
    wanted = F.interpolate(torch.from_numpy(maps)[None], (1500, 1000), mode="bilinear")[0].numpy()
    np.testing.assert_allclose(np.concatenate(strips, 1), wanted, atol=5e-5)


def test_weights_add_up_to_one():
    weights = antialiasing_weights(10, 3)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-7)


@pytest.mark.parametrize(("height", "width"), [(40, 31), (200, 260), (2, 1)])
def test_refinement_is_that_of_torch(height, width):
    maps, pixels = maps_of(3, 4, height, width), photo_of_blocks(height, width).pixels
    wanted = refined(torch.from_numpy(maps), pixels).numpy()
    np.testing.assert_allclose(np.exp(refined_maps(maps, pixels)), np.exp(wanted), atol=2e-4)


VIEWS = [
    {},
    {"mirror_average": False},
    {"scales": THOROUGH},
    {"size_px": 64},
    {"scales": THOROUGH, "refine": True},
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize(("height", "width"), [(150, 100), (48, 48), (20, 31)])
def test_label_maps_are_those_of_partly_segment(small, view, height, width):
    photo = photo_of_blocks(height, width)
    by_torch = segment_photo(small.network, photo, **view)
    by_file = segment_exported(load_exported(small.file.path, n_threads=1), photo, **view)
    differs = by_torch.label_map != by_file.label_map
    assert len(np.unique(by_torch.label_map)) > 1
    np.testing.assert_allclose(by_file.confidence, by_torch.confidence, atol=1e-3)
    assert not differs[_margins(small.network, photo, view) > NEAR].any()
    assert differs.mean() < 0.002


def _margins(network, photo, view):
    """How far apart the two largest logits are at each pixel, at the photo's size."""
    from partly.inference.segment import segment_photo_file as module

    logits = module._seen(
        network, photo, view.get("size_px", 48), view.get("scales", (1.0,)), view.get("mirror_average", True)
    )
    if view.get("refine"):
        logits = refined(logits, module.resize_pixels(photo.pixels, logits.shape[2], logits.shape[1]))
    strips = torch.cat(list(torch_strips(logits, photo.height_px, photo.width_px)), 1)
    top = strips.topk(2, dim=0).values
    return (top[0] - top[1]).numpy()


def test_a_photo_in_the_mirror_gives_the_mirrored_label_map(small):
    network = load_exported(small.file.path, n_threads=1)
    photo = photo_of_blocks(48, 48)
    found = segment_exported(network, photo).label_map
    mirrored = segment_exported(network, np.ascontiguousarray(photo.pixels[:, ::-1])).label_map
    exchanged = np.array(network.part_set.mirror_permutation())[mirrored[:, ::-1]]
    assert (found == exchanged).mean() > 0.999


@pytest.mark.parametrize(
    ("view", "text"),
    [({"size_px": 0}, "size_px is 0; expected at least 1"), ({"scales": ()}, "scales are []; expected one")],
)
def test_wrong_views(small, view, text):
    with pytest.raises(BadOption) as caught:
        segment_exported(load_exported(small.file.path), photo_of_blocks(9, 9), **view)
    assert text in str(caught.value)


BLOCKER = """
import importlib.abc, sys
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, NoTorch())
"""
SEGMENTS = """
import sys
import numpy as np
from partly.inference.exported import load_exported, segment_exported
network = load_exported(sys.argv[1])
found = segment_exported(network, np.zeros((30, 40, 3), np.uint8), scales=(1.0, 1.5), refine=True)
assert found.label_map.shape == (30, 40)
sys.exit("torch" in sys.modules)
"""


@pytest.mark.parametrize("before", ["", BLOCKER])
def test_no_torch_is_needed(small, before):
    command = [sys.executable, "-W", "error", "-c", before + SEGMENTS, str(small.file.path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_onnxruntime_keeps_and_sends_nothing(small, tmp_path):
    """Its telemetry would keep an identifier and what it is about to send in the home folder."""
    code = (
        "import sys; from pathlib import Path; "
        "from partly.inference.exported import load_exported; load_exported(Path(sys.argv[1]))"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "CI")}
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")}
    command = [sys.executable, "-c", code, str(small.file.path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment | homes)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_onnxruntime_is_missing(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotAvailable) as caught:
        load_exported(small.file.path)
    assert str(caught.value) == (
        "the package onnxruntime is not installed, which runs exported networks. "
        "Install it: pip install 'partly[serve]'."
    )


def with_metadata(path, target, **changed):
    import onnx

    model = onnx.load(path)
    values = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, values | {f"partly.{key}": value for key, value in changed.items()})
    onnx.save(model, target)
    return target


@pytest.mark.parametrize("size", ["0", "-3", "99999999"])
def test_a_size_that_no_network_has(small, tmp_path, size):
    file = with_metadata(small.file.path, tmp_path / "n.onnx", size_px=size)
    with pytest.raises(
        BadModelFile, match=f"photos have the size {size}, None; expected sides of 1 to 4096 px"
    ):
        load_exported(file)


@pytest.mark.parametrize("only", ["[48]", "[0, 48]", '["48", 48]', "[48, 48, 48]", '"x"', "5", "{}", "[]"])
def test_an_only_size_that_is_none(small, tmp_path, only):
    file = with_metadata(small.file.path, tmp_path / "n.onnx", only_size_px=only)
    with pytest.raises(BadModelFile, match="says that photos have the size 48, "):
        load_exported(file)


def test_systems_without_a_list_of_processors(small, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert load_exported(small.file.path).size_px == 48


def test_a_file_that_reads_photos_of_one_size(small, tmp_path):
    network = load_exported(with_metadata(small.file.path, tmp_path / "n.onnx", only_size_px="[40, 56]"))
    found = segment_exported(network, photo_of_blocks(100, 70), mirror_average=False)
    assert found.label_map.shape == (100, 70)
    with pytest.raises(
        BadOption, match=r"reads photos of one size; expected 40 x 56 px\. Leave the size out"
    ):
        segment_exported(network, photo_of_blocks(9, 9), scales=THOROUGH)


def test_a_graph_that_is_cut(small, tmp_path):
    file = tmp_path / "n.onnx"
    metadata_first = with_metadata(small.file.path, file)
    data = metadata_first.read_bytes()
    at = data.index(b"head.weight") if b"head.weight" in data else len(data) // 2
    file.write_bytes(data[:at] + b"\xff" * 40 + data[at + 40 :])
    with pytest.raises(BadModelFile, match="Export the network again"):
        load_exported(file)


def test_other_parts_than_logits(small, tmp_path):
    parts = '[{"name": "a", "colour": [0, 0, 0]}, {"name": "b", "colour": [1, 0, 0]}]'
    with pytest.raises(BadModelFile, match=r"gives logits \[1, 4, 48, 48\]; expected \[1, 2, 48, 48\]"):
        load_exported(with_metadata(small.file.path, tmp_path / "n.onnx", part_set=parts))
