"""A folder of latents: its files, going on after a stop, photos that fail, latents of other generators."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos import find_photos, read_photo, side_by_side, write_png
from partly.errors import BadModelFile, FolderBusy, PartsFailed
from partly.inference.invert import inversion_folder
from partly.inference.invert.inversion_folder import Forecast, invert_folder, photo_beside
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.latent_files import read_latent
from partly.inference.invert.picture_distances import PyramidDistance
from partly.models.generators import sample_w
from partly.models.generators.picture_pixels import pixels_of
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from partly.models.generators.vae_decoder import KIND as VAE
from partly.storage import only_writer
from tests.inference.invert.tiny_generators import lively
from tests.short_memory import ShortMemory

QUICK = InvertOptions(n_steps=4)


@pytest.fixture(scope="module")
def generator():
    return lively(VAE)


@pytest.fixture
def photos(tmp_path, generator):
    folder = tmp_path / "photos"
    for i, name in enumerate(("a.png", "b.png", "sub/a.png")):
        write_png(folder / name, pixels_of(generator.synthesise(sample_w(generator, 5, i))))
    return folder


def inverted(generator, photos, folder, options=QUICK, **more):
    return invert_folder(generator, find_photos(photos), folder, options, PyramidDistance(), **more)


def test_files_of_every_photo(generator, photos, tmp_path):
    out, told = tmp_path / "out", []
    summary = inverted(
        generator, photos, out, on_forecast=told.append, on_progress=lambda *words: told.append(words)
    )
    assert summary.inverted == ["a.png", "b.png", "sub/a.png"]
    assert summary.kept == summary.failed == summary.diverged == []
    forecast, *progress = told
    assert (forecast.n_photos, forecast.n_kept, forecast.n_steps) == (3, 0, 4)
    assert forecast.time_s > 0
    assert str(forecast).startswith("3 photos to find: 4 steps each, about 0:00:01 on cpu, float32.")
    assert progress[-1] == ("searching", 12, 12)
    told = json.loads((out / "inverted.json").read_text())
    assert told["generator_sha256"] == generator.digest
    assert [photo["latent"] for photo in told["photos"]] == [
        "latents/a.safetensors",
        "latents/b.safetensors",
        "latents/sub/a.safetensors",
    ]
    for entry in summary.entries:
        latent = read_latent(out / entry.latent, generator)
        picture = read_photo(out / entry.picture).pixels
        assert np.array_equal(picture, pixels_of(generator.synthesise(torch.from_numpy(latent)[None])))
        photo = read_photo(photos / entry.name).pixels
        beside = read_photo(out / entry.beside).pixels
        assert beside.shape == side_by_side([photo, picture]).shape
        assert np.abs(photo_beside(beside, 16).astype(int) - photo).mean() < 6
        assert entry.distance is not None
        assert entry.n_steps == 4


def test_what_is_done_is_kept(generator, photos, tmp_path, monkeypatch):
    first = inverted(generator, photos, tmp_path / "out")
    monkeypatch.setattr(inversion_folder, "invert_photos", None)
    monkeypatch.setattr(inversion_folder, "search", None)
    forecasts = []
    again = inverted(generator, photos, tmp_path / "out", on_forecast=forecasts.append)
    assert again.kept == ["a.png", "b.png", "sub/a.png"]
    assert again.inverted == []
    assert again.entries == first.entries
    assert str(forecasts[0]) == "0 photos to find, 3 done already: 4 steps each on cpu, float32."


@pytest.mark.parametrize("change", ["steps", "photo", "file", "distance", "generator"])
def test_what_depends_on_something_else_is_made_anew(change, generator, photos, tmp_path):
    inverted(generator, photos, tmp_path / "out")
    options, distance, anew = QUICK, PyramidDistance(), ["a.png", "b.png", "sub/a.png"]
    if change == "steps":
        options = replace(QUICK, n_steps=3)
    elif change == "photo":
        write_png(photos / "b.png", read_photo(photos / "a.png").pixels)
        anew = ["b.png"]
    elif change == "file":
        (tmp_path / "out" / "pictures" / "sub" / "a.png").unlink()
        anew = ["sub/a.png"]
    elif change == "distance":
        distance = PyramidDistance(8)
    else:
        generator = lively(VAE, seed=1)
    summary = invert_folder(generator, find_photos(photos), tmp_path / "out", options, distance)
    assert summary.inverted == anew


def test_how_many_at_once_is_no_other_result(generator, photos, tmp_path):
    inverted(generator, photos, tmp_path / "out")
    assert inverted(generator, photos, tmp_path / "out", replace(QUICK, at_once=2)).inverted == []


def test_ctrl_c_keeps_what_is_done(generator, photos, tmp_path):
    out, asked = tmp_path / "out", []

    def stop(_title, done, _total):
        asked.append(done)
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inverted(generator, photos, out, on_progress=stop)
    told = json.loads((out / "inverted.json").read_text())
    assert [photo["name"] for photo in told["photos"]] == ["a.png"]
    rest = inverted(generator, photos, out)
    assert (rest.kept, rest.inverted) == (["a.png"], ["b.png", "sub/a.png"])


def test_photos_that_fail_are_listed(generator, photos, tmp_path):
    write_png(photos / "b.png", np.zeros((8, 30, 3), np.uint8))
    (photos / "a.png").write_bytes(b"no image")
    summary = inverted(generator, photos, tmp_path / "out", replace(QUICK, at_once=2))
    assert summary.inverted == ["sub/a.png"]
    assert [name for name, _ in summary.failed] == ["a.png", "b.png"]
    with pytest.raises(PartsFailed) as caught:
        summary.raise_failures()
    assert str(caught.value).startswith("2 of 3 photos have no latent: ")
    assert "is 30 x 8 px, smaller than the generator's pictures (16 px" in str(caught.value)
    assert "All others are done: mend or remove these" in str(caught.value)
    told = json.loads((tmp_path / "out" / "inverted.json").read_text())
    assert [one["photo"] for one in told["failed"]] == ["a.png", "b.png"]


def test_nothing_stays_of_a_photo_that_now_fails(generator, photos, tmp_path):
    inverted(generator, photos, tmp_path / "out")
    (photos / "b.png").write_bytes(b"no image")
    assert inverted(generator, photos, tmp_path / "out").kept == ["a.png", "sub/a.png"]
    left = {path.stem for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert left == {"a", "inverted", ".partly-lock"}


class NoNumber(PyramidDistance):
    """Of whatever."""

    def between(self, first, second, weights=None):
        return super().between(first, second, weights) * torch.nan


def test_a_search_that_diverges_is_told(generator, photos, tmp_path):
    summary = invert_folder(generator, find_photos(photos), tmp_path / "out", QUICK, NoNumber())
    assert summary.diverged == ["a.png", "b.png", "sub/a.png"]
    told = json.loads((tmp_path / "out" / "inverted.json").read_text())
    assert told["photos"][0]["distance"] is None
    assert read_latent(tmp_path / "out" / "latents" / "a.safetensors", generator).shape == (1, 5)


def test_latents_of_another_generator_are_refused(generator, photos, tmp_path):
    inverted(generator, photos, tmp_path / "out")
    path = tmp_path / "out" / "latents" / "a.safetensors"
    other = lively(VAE, seed=1)
    with pytest.raises(BadModelFile) as caught:
        read_latent(path, other)
    assert str(caught.value) == (
        f"{path}: is a latent of another generator (sha256 {generator.digest[:12]}…); expected one of this "
        f"generator, sha256 {other.digest[:12]}…. Give the generator that it was found with, or run partly "
        "invert with this one."
    )
    path.write_bytes(b"none")
    with pytest.raises(BadModelFile, match=r"a\.safetensors: holds no latent .* that partly invert wrote"):
        read_latent(path, generator)
    with pytest.raises(BadModelFile, match="holds no latent"):
        read_latent(tmp_path / "nowhere.safetensors", generator)


def test_noise_is_kept_with_the_latent(tmp_path):
    generator = lively(STYLEGAN2)
    write_png(tmp_path / "a.png", pixels_of(generator.synthesise(sample_w(generator, 5, 0))))
    inverted(generator, tmp_path / "a.png", tmp_path / "out", replace(QUICK, noise="searched"))
    from safetensors.numpy import load_file

    arrays = load_file(tmp_path / "out" / "latents" / "a.safetensors")
    assert arrays["w"].shape == (generator.n_layers, generator.w_dim)
    assert {name.removeprefix("noise.") for name in arrays if name != "w"} == set(generator.noise_inputs())


def test_short_memory_is_told_once(generator, photos, tmp_path):
    memory, notes, told = ShortMemory(), [], []
    memory.most = 1
    with memory:
        summary = inverted(
            generator,
            photos,
            tmp_path / "out",
            replace(QUICK, at_once=3),
            on_note=notes.append,
            on_forecast=told.append,
            on_progress=lambda *words: told.append(words),
        )
    assert len(summary.inverted) == 3
    assert notes == ["Memory is too short (played: out of memory): 2 photos at once from now on."]
    assert told[0].time_s > 0
    assert told[-1] == ("searching", 12, 12)


def test_one_command_at_a_time(generator, photos, tmp_path):
    with only_writer(tmp_path / "out"), pytest.raises(FolderBusy):
        inverted(generator, photos, tmp_path / "out")


def test_forecasts_in_words():
    assert str(Forecast(1, 0, 0, None, "cpu, float32")) == (
        "1 photo to find, by the encoder alone, on cpu, float32."
    )
    assert str(Forecast(2, 3, 100, 125.2, "cuda:0")) == (
        "2 photos to find, 3 done already: 100 steps each, about 0:02:06 on cuda:0."
    )
