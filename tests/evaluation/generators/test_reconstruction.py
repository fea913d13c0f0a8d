"""The minimum reconstruction error: exact, against a naive search, of a generator that memorises, kept."""

import math

import numpy as np
import pytest
import torch

from partly.data.photos import PhotoSet, find_photos, make_photo_set
from partly.errors import BadOption, TrainingDiverged
from partly.evaluation.generators import photo_reconstruction
from partly.evaluation.generators.photo_reconstruction import (
    AbsoluteDifference,
    ReconstructionOptions,
    minimum_reconstruction,
)
from partly.evaluation.metrics.reconstruction_errors import MinimumReconstruction, ReconstructionErrors
from partly.inference.invert import chosen_distance
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from tests.evaluation.generators.tiny import SIZE_PX, pictures, tiny_generator, write_photos
from tests.inference.invert.tiny_generators import lively

QUICK = ReconstructionOptions(n_photos=4, n_steps=60, n_starts=2)


@pytest.fixture(scope="module")
def generator():
    return tiny_generator()


def photo_set(folder, pixels):
    write_photos(folder / "given", pixels)
    return make_photo_set(find_photos(folder / "given").sources, folder / "squares", SIZE_PX)


@pytest.fixture(scope="module")
def own(generator, tmp_path_factory):
    """Photos that the generator can make exactly, but for rounding."""
    return photo_set(tmp_path_factory.mktemp("own"), pictures(generator, 1, 4))


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Photos that it cannot make."""
    draws = np.random.default_rng(0)
    return photo_set(tmp_path_factory.mktemp("others"), draws.integers(0, 256, (4, 16, 16, 3), np.uint8))


def reconstruct(generator, training, held_out=None, options=QUICK, **more):
    return minimum_reconstruction(
        generator, training, held_out, options, chosen_distance("pixels").distance, **more
    )


def test_what_it_can_make_is_near_and_other_photos_are_not(generator, own, others):
    found = reconstruct(generator, own, others, ReconstructionOptions(4, 300, 4))
    assert found.space == "z"
    assert found.training.mean < 0.05
    assert found.held_out.mean > 0.3
    assert found.gap > 5 * found.gap_standard_error
    assert "it memorises" in found.remarks()[-1]
    assert found.training.distance < found.held_out.distance
    shown = found.held_out.examples[0]
    difference = np.abs(shown.photo.astype(float) - shown.picture).mean() / 127.5
    assert shown.error == pytest.approx(difference, abs=0.005)


def test_held_out_photos_that_were_trained_on_are_told(generator, own, others, tmp_path):
    mixed = photo_set(tmp_path, np.concatenate([np.array(others.squares[:1]), np.array(own.squares[2:])]))
    options = ReconstructionOptions(4, 2, 1)
    found = reconstruct(generator, own, mixed, options)
    assert found.n_shared == 2
    assert "2 of the held-out photos" in found.remarks()[1]
    assert reconstruct(generator, own, others, options).n_shared == 0


def test_errors_are_no_larger_than_those_of_many_drawn_latents(generator, own):
    """The naive way: the best of all drawn pictures."""
    drawn = pictures(generator, 7, 300).astype(float)
    photos = np.array(own.squares).astype(float)
    naive = np.abs(photos[:, None] - drawn).mean(axis=(2, 3, 4)).min(axis=1) / 127.5
    assert (reconstruct(generator, own).training.errors < naive).all()


def test_mapped_latents_are_searched_for_in_w(tmp_path):
    generator = lively(STYLEGAN2)
    write_photos(tmp_path / "given", pictures(generator, 1, 1))
    photos = make_photo_set(find_photos(tmp_path / "given").sources, tmp_path / "s", generator.image_size_px)
    found = reconstruct(generator, photos, options=ReconstructionOptions(1, 3, 1), folder=tmp_path / "kept")
    assert found.space == "w"
    (file,) = (tmp_path / "kept").rglob("*.safetensors")
    w = photo_reconstruction._read_latent(file, generator)
    assert torch.equal(w, w[:1].expand_as(w))
    assert math.isnan(found.training.standard_error)
    assert found.to_json()["training"]["standard_error"] is None


def test_what_is_found_is_kept(generator, own, others, tmp_path, monkeypatch):
    told = []
    first = reconstruct(generator, own, others, folder=tmp_path, on_forecast=told.append)
    monkeypatch.setattr(photo_reconstruction, "search", None)
    again = reconstruct(generator, own, others, folder=tmp_path, on_forecast=told.append)
    assert np.array_equal(again.training.errors, first.training.errors)
    assert np.array_equal(again.held_out.errors, first.held_out.errors)
    assert (told[0].n_photos, told[0].n_kept, told[1].n_photos, told[1].n_kept) == (8, 0, 0, 8)
    assert str(told[0]).startswith("Minimum reconstruction error: 8 photos to find, 2 x 60 steps each, about")
    assert str(told[1]) == "Minimum reconstruction error: all of 8 photos found before."
    with pytest.raises(TypeError):
        reconstruct(generator, own, options=ReconstructionOptions(4, 61, 2), folder=tmp_path)


def test_a_stop_keeps_the_photos_that_are_done(generator, own, others, tmp_path, monkeypatch):
    monkeypatch.setattr(photo_reconstruction, "_PIXELS_AT_ONCE", 2 * SIZE_PX**2)

    def stop(_what, done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reconstruct(generator, own, others, folder=tmp_path, on_progress=stop)
    told = []
    reconstruct(generator, own, others, folder=tmp_path, on_forecast=told.append)
    assert (told[0].n_photos, told[0].n_kept) == (4, 4)


def test_damaged_latents_are_found_anew(generator, own, tmp_path):
    first = reconstruct(generator, own, folder=tmp_path)
    files = sorted(tmp_path.rglob("*.safetensors"))
    assert len(files) == 4
    files[0].write_bytes(b"no safetensors")
    assert np.allclose(reconstruct(generator, own, folder=tmp_path).training.errors, first.training.errors)


def test_progress_goes_to_its_end(generator, own):
    told = []
    reconstruct(generator, own, on_progress=lambda *words: told.append(words))
    assert told[-1] == ("searching for photos", 480, 480)


def test_a_generator_that_has_diverged(own):
    broken = tiny_generator()
    broken.to_rgb.bias.data.fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match="earlier checkpoint"):
        reconstruct(broken, own)


def test_no_photos_are_refused(generator, own):
    empty = PhotoSet(own.squares[:0], (), (), "0")
    with pytest.raises(BadOption, match="no held-out photos"):
        reconstruct(generator, own, empty)


@pytest.mark.parametrize(
    ("held_out", "verdict"),
    [([0.5, 0.52], "it memorises"), ([0.1, 0.3], "no sign of memorising"), ([0.05, 0.06], "easier ones")],
)
def test_verdicts(held_out, verdict):
    def errors(values):
        return ReconstructionErrors(np.array(values), np.array(values))

    found = MinimumReconstruction(errors([0.2, 0.21]), errors(held_out), "w", 3, 1, "LPIPS")
    assert verdict in found.remarks()[-1]
    assert found.gap == pytest.approx(np.mean(held_out) - 0.205)
    spread = (np.var(held_out, ddof=1) / 2 + np.var([0.2, 0.21], ddof=1) / 2) ** 0.5
    assert found.gap_standard_error == pytest.approx(spread)


def test_difference_with_weights():
    first, second = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    first[:, :, 0, 0] = 1
    difference = AbsoluteDifference(2)
    assert difference.between((first,), (second,)).item() == 0.25
    weights = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    assert difference.between((first,), (second,), weights).item() == 0.5
