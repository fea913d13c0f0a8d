"""Engines say what torch says; whole numbers say how much they do not."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from partly.data.labels import read_label_map
from partly.data.photos import find_photos
from partly.errors import BadModelFile, BadOption, BadPhoto, NotAvailable
from partly.inference.engines.engine_files import engine_file, machine_for
from partly.inference.engines.engine_network import EngineFile, open_engine
from partly.inference.engines.engine_options import EngineOptions
from partly.inference.engines.whole_numbers import Agreement, _compared, _counts, int8_file
from partly.inference.segment.encoder_network import EncoderNetwork
from partly.inference.segment.segment_folder import segment_all
from partly.machine import PROCESSOR, MachineOptions, SpreadOptions

ENGINES = ["onnxruntime", "openvino"]


@pytest.fixture
def photos(tmp_path):
    """Twelve photos of coloured blocks, of several shapes."""
    draws, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        blocks = draws.integers(0, 256, (6, 5 + i % 3, 3), dtype=np.uint8)
        Image.fromarray(blocks.repeat(16, 0).repeat(16, 1)).save(folder / f"{i:02}.png")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PARTLY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_says_what_torch_says(small, engine):
    network = open_engine(EngineFile(engine, small.file.path, "digest"))
    images = np.random.default_rng(1).integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)
    as_tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        expected = small.network(as_tensor)
    np.testing.assert_allclose(network.of_pixels(images), expected, atol=2e-4)
    np.testing.assert_allclose(network(as_tensor), expected, atol=2e-4)
    assert (network.part_set, network.size_px) == (small.network.part_set, small.network.size_px)


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_ask_an_engine_at_once(small, engine):
    network = open_engine(EngineFile(engine, small.file.path, "digest"))
    draws = np.random.default_rng(2)
    images = [draws.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8) for _ in range(12)]
    alone = [network.of_pixels(one) for one in images]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(network.of_pixels, images))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_folder_by_an_engine(small, photos, cache, tmp_path, engine):
    found = find_photos(photos)
    file = engine_file(small.network, EngineOptions(engine), lambda: found, tmp_path / "out")
    assert file.path == tmp_path / "out" / ".partly" / f"network-{small.network.digest[:16]}.onnx"
    assert len(list((cache / "engines").iterdir())) == 1
    written = file.path.stat().st_mtime_ns
    by_engine = segment_all(open_engine(file), found, tmp_path / "out", overlay=False)
    by_torch = segment_all(small.network, found, tmp_path / "torch", overlay=False)
    assert by_engine.segmented == by_torch.segmented
    for i in range(12):
        maps = [
            read_label_map(tmp_path / out / "labels" / f"{i:02}.png", small.network.part_set)
            for out in ("out", "torch")
        ]
        assert (maps[0] == maps[1]).mean() > 0.999
    # The same engine goes on, torch does it all anew; the file is written once.
    assert segment_all(open_engine(file), found, tmp_path / "out", overlay=False).segmented == ()
    assert len(segment_all(small.network, found, tmp_path / "out", overlay=False).segmented) == 12
    again = engine_file(small.network, EngineOptions(engine), lambda: found, tmp_path / "out")
    assert (again, again.path.stat().st_mtime_ns) == (file, written)


def test_a_damaged_file_in_the_cache_is_written_anew(small, photos, cache, tmp_path):
    file = engine_file(small.network, EngineOptions("onnxruntime"), lambda: find_photos(photos), tmp_path)
    file.path.write_bytes(b"damaged")
    again = engine_file(small.network, EngineOptions("onnxruntime"), lambda: find_photos(photos), tmp_path)
    assert open_engine(again).size_px == small.network.size_px


def test_whole_numbers_tell_what_they_cost_and_are_kept(small, photos, cache, tmp_path, capfd):
    told, found, out = [], find_photos(photos), tmp_path / "out"
    file = engine_file(small.network, EngineOptions("int8"), lambda: found, out, told.append)
    assert file.path == out / ".partly" / f"int8-{small.network.digest[:16]}.onnx"
    assert file.path.stat().st_size < 0.5 * small.file.path.stat().st_size
    [note] = told
    assert note.startswith("int8, calibrated on 9 photos: on 3 other photos its masks agree")
    kept = json.loads(file.path.with_suffix(".json").read_text())["agreement"]
    assert str(Agreement(**kept)) == note

    # The figure is that of a comparison made by hand, pixel by pixel.
    from partly.data.photos import padded_square

    rounded = open_engine(file)
    maps = []
    for source in found[3::4]:
        shown = padded_square(source.read().pixels, small.network.size_px)[0][None]
        with torch.no_grad():
            exact = small.network(torch.from_numpy(shown).permute(0, 3, 1, 2).float() / 127.5 - 1)
        maps.append((exact.argmax(1).numpy(), rounded.of_pixels(shown).argmax(1)))
    exact, by_int8 = (np.concatenate(each) for each in zip(*maps, strict=True))
    iou = [
        ((exact == part) & (by_int8 == part)).sum() / ((exact == part) | (by_int8 == part)).sum()
        for part in range(small.network.n_parts)
        if ((exact == part) | (by_int8 == part)).any()
    ]
    assert kept["mean_iou"] == pytest.approx(np.mean(iou), abs=0.005)
    assert kept["worst_iou"] == pytest.approx(min(iou), abs=0.005)
    assert kept["mean_iou"] > 0.6

    written = file.path.stat().st_mtime_ns
    again = engine_file(small.network, EngineOptions("int8"), lambda: found[:2], out, told.append)
    assert (again, file.path.stat().st_mtime_ns, told) == (file, written, [note, note])
    assert capfd.readouterr() == ("", "")


def test_a_changed_file_of_whole_numbers_is_made_anew(small, photos, cache, tmp_path):
    found = find_photos(photos)
    first = int8_file(small.file.path, lambda: found, tmp_path, lambda _: None)
    first.path.write_bytes(first.path.read_bytes() + b" ")
    again = int8_file(small.file.path, lambda: found, tmp_path, lambda _: None)
    assert open_engine(again).part_set == small.network.part_set


def test_a_file_that_was_replaced_meanwhile_is_refused(small, photos, cache, tmp_path):
    file = engine_file(small.network, EngineOptions("onnxruntime"), lambda: find_photos(photos), tmp_path)
    file.path.write_bytes(file.path.read_bytes() + b" ")
    with pytest.raises(BadModelFile, match="is another file than when this command began"):
        open_engine(file)


def test_one_photo_is_calibrated_on_and_nothing_is_compared(small, photos, cache, tmp_path):
    told = []
    int8_file(small.file.path, lambda: find_photos(photos)[:1], tmp_path, told.append)
    assert told == ["int8, calibrated on 1 photo: there is no other photo to tell what it costs on"]


def test_photos_that_cannot_be_read_are_left_out(small, photos, cache, tmp_path):
    (photos / "05.png").write_bytes(b"broken")
    told = []
    int8_file(small.file.path, lambda: find_photos(photos), tmp_path, told.append)
    assert told[0].startswith("int8, calibrated on 9 photos: on 2 other photos")
    shutil.rmtree(photos)
    photos.mkdir()
    (photos / "a.png").write_bytes(b"broken")
    with pytest.raises(BadPhoto, match=r"a\.png"):
        int8_file(small.file.path, lambda: find_photos(photos), tmp_path / "other", told.append)


def test_counts_are_those_of_loops():
    draws = np.random.default_rng(0)
    exact, rounded = (draws.integers(0, 4, (2, 9, 9)) for _ in range(2))

    class Parts:
        n_parts = 4

    both, either = _counts(exact, rounded, Parts)
    for part in range(4):
        assert both[part] == ((exact == part) & (rounded == part)).sum()
        assert either[part] == ((exact == part) | (rounded == part)).sum()


def test_nothing_to_compare_is_no_agreement(small):
    assert _compared(small.file.path, small.file.path, [], 5) == Agreement(0, 5)


def test_torch_needs_no_file(small, tmp_path):
    assert engine_file(small.network, EngineOptions(), tuple, tmp_path) is None


def test_a_network_with_an_encoder_inside_is_refused(tmp_path):
    network = EncoderNetwork.__new__(EncoderNetwork)
    with pytest.raises(BadOption, match=r"--engine int8 for a network with an encoder.*--with network"):
        engine_file(network, EngineOptions("int8"), tuple, tmp_path)


def test_other_engines_use_the_processor_as_it_is():
    here, ray, halves = SpreadOptions(), SpreadOptions(ray="auto"), MachineOptions("cpu", "bfloat16")
    assert machine_for(EngineOptions("int8"), MachineOptions(), here) == PROCESSOR
    assert machine_for(EngineOptions("openvino"), MachineOptions(device="cpu"), ray) == PROCESSOR
    assert not machine_for(EngineOptions(), halves, here).is_plain
    with pytest.raises(BadOption, match="--device cuda with --ray; expected auto or cpu"):
        machine_for(EngineOptions(), MachineOptions("cuda"), ray)
    with pytest.raises(BadOption, match=r"--engine int8 with --device cuda --precision auto; expected torch"):
        machine_for(EngineOptions("int8"), MachineOptions(device="cuda"), here)
    with pytest.raises(BadOption, match="engine"):
        EngineOptions("tensorrt")


def test_packages_that_are_missing(small, photos, cache, tmp_path, monkeypatch):
    file = engine_file(small.network, EngineOptions("onnxruntime"), lambda: find_photos(photos), tmp_path)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(NotAvailable, match=r"the package openvino is not installed"):
        open_engine(EngineFile("openvino", file.path, ""))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotAvailable, match=r"the package onnxruntime is not installed"):
        int8_file(file.path, lambda: find_photos(photos), tmp_path, lambda _: None)


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(BadModelFile, match="no such file"):
        open_engine(EngineFile("openvino", tmp_path / "none.onnx", ""))
