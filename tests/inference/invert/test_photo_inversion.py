from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos import Photo, padded_square
from partly.data.photos.photo_sets import central_square
from partly.errors import BadModelFile, BadPhoto
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.photo_inversion import fitting_batches, invert_photos, photos_at_once
from partly.inference.invert.picture_distances import PyramidDistance
from partly.machine import Machine
from partly.models.encoders.latent_encoder import LatentEncoder, LatentEncoderShape
from partly.models.generators import sample_w
from partly.models.generators.picture_pixels import pixels_of
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from partly.models.generators.vae_decoder import KIND as VAE
from tests.inference.invert.tiny_generators import lively
from tests.short_memory import ShortMemory

QUICK = InvertOptions(n_steps=12, distance="pixels")


def own_photo(generator, index, name="photo"):
    return Photo(f"{name}-{index}", pixels_of(generator.synthesise(sample_w(generator, 5, index))))


def random_photo(height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Photo("wide", pixels)


def test_photos_become_latents():
    generator = lively(VAE)
    photos = [own_photo(generator, i) for i in range(3)]
    done = []
    found = invert_photos(
        generator, photos, replace(QUICK, at_once=2), on_step=lambda n, total: done.append((n, total))
    )
    assert [one.name for one in found] == ["photo-0", "photo-1", "photo-2"]
    # Of both of the first two photos, then of the third alone.
    assert done[:2] == [(2, 36), (4, 36)]
    assert done[-2:] == [(35, 36), (36, 36)]
    for one, photo in zip(found, photos, strict=True):
        assert one.latent.shape == (1, 5)
        assert one.latent.dtype == np.float32
        assert one.z is not None
        assert np.array_equal(one.z, one.latent[0])
        assert np.array_equal(one.square, photo.pixels)
        assert np.array_equal(
            one.picture, pixels_of(generator.synthesise(torch.from_numpy(one.latent)[None]))
        )
        assert (one.space, one.distance_name, one.n_steps) == ("z", "pixel distance", 12)
        assert 0 < one.distance < 1
        assert one.time_s > 0
        assert not one.diverged
    at_once = invert_photos(generator, photos, replace(QUICK, at_once=3))
    for one, other in zip(found, at_once, strict=True):
        np.testing.assert_allclose(one.latent, other.latent, rtol=1e-3, atol=1e-3)


def test_where_memory_is_too_short_fewer_are_searched_for_at_once():
    generator, options = lively(VAE), replace(QUICK, at_once=4)
    photos = [own_photo(generator, i) for i in range(4)]
    alone = invert_photos(generator, photos, replace(QUICK, at_once=1))
    told, memory = [], ShortMemory()
    memory.most = 2
    batches = fitting_batches(options, Machine(), lambda n, why: told.append((n, why)))
    with memory:
        found = invert_photos(generator, photos, options, batches=batches)
    assert told == [(2, "played: out of memory")]
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_allclose(one.latent, other.latent, rtol=1e-3, atol=1e-3)


def test_squares_are_those_of_trainings():
    generator = lively(VAE)
    photo = random_photo(30, 40)
    (cropped,) = invert_photos(generator, [photo], replace(QUICK, n_steps=0))
    assert np.array_equal(cropped.square, central_square(photo.pixels, 16))
    (padded,) = invert_photos(generator, [photo], replace(QUICK, n_steps=0, fit="pad"))
    assert np.array_equal(padded.square, padded_square(photo.pixels, 16)[0])


class Weights(PyramidDistance):
    """Notes what weighs how much."""

    def between(self, first, second, weights=None):
        self.seen = weights
        return super().between(first, second, weights)


def test_what_pads_a_photo_weighs_nothing():
    distance = Weights()
    invert_photos(
        lively(VAE), [random_photo(20, 40)], replace(QUICK, n_steps=0, fit="pad"), distance=distance
    )
    assert distance.seen[0, 0, :, 0].tolist() == [0] * 4 + [1] * 8 + [0] * 4


def test_weights_of_places():
    distance = Weights()

    def left_half(photo):
        weights = np.zeros(photo.pixels.shape[:2], np.float32)
        weights[:, : photo.width_px // 2] = 3
        return weights

    options = replace(QUICK, n_steps=0)
    invert_photos(lively(VAE), [random_photo(32, 32)], options, distance=distance, weights_of=left_half)
    assert distance.seen[0, 0, 5].round().tolist() == [1] * 8 + [0] * 8
    with pytest.raises(
        BadPhoto, match=r"wide: has weights of shape \[3, 3\]; expected \[32, 32\], as the ph"
    ):
        invert_photos(
            lively(VAE),
            [random_photo(32, 32)],
            options,
            weights_of=lambda _photo: np.ones((3, 3), np.float32),
        )


def encoder_of(generator):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = LatentEncoder(LatentEncoderShape(generator.w_dim, 32, 6)).eval().requires_grad_(False)
    encoder.generator_digest = generator.digest
    return encoder


def test_an_encoder_alone():
    generator = lively(STYLEGAN2)
    encoder = encoder_of(generator)
    photo = own_photo(generator, 0)
    (found,) = invert_photos(generator, [photo], replace(QUICK, n_steps=0), encoder=encoder)
    images = torch.from_numpy(photo.pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    wanted = encoder.latents(images)[0].expand(generator.n_layers, -1)
    np.testing.assert_allclose(found.latent, wanted.numpy(), rtol=1e-4, atol=1e-5)
    assert found.n_steps == 0


def test_an_encoder_of_another_generator_is_refused():
    encoder = encoder_of(lively(STYLEGAN2, seed=1))
    with pytest.raises(BadModelFile, match="is an encoder of another generator"):
        invert_photos(lively(STYLEGAN2), [random_photo(40, 40)], QUICK, encoder=encoder)


def test_photos_that_cannot_be():
    generator = lively(VAE)
    with pytest.raises(BadPhoto, match="there is no photo; expected one or more"):
        invert_photos(generator, [], QUICK)
    with pytest.raises(BadPhoto) as caught:
        invert_photos(generator, [random_photo(15, 40)], QUICK)
    assert str(caught.value) == (
        "wide: is 40 x 15 px, smaller than the generator's pictures (16 px, compared at 16 px); expected "
        "16 px or more at its shorter side. Give a larger photo, or take it enlarged with --enlarge."
    )
    invert_photos(generator, [random_photo(15, 40)], replace(QUICK, n_steps=0, enlarge=True))
    invert_photos(generator, [random_photo(15, 40)], replace(QUICK, n_steps=0, fit="pad"))


def test_a_photo_need_not_have_more_pixels_than_are_compared():
    (found,) = invert_photos(
        lively(STYLEGAN2), [random_photo(16, 16)], replace(QUICK, n_steps=0, compared_px=16)
    )
    assert found.square.shape == (32, 32, 3)


def test_photos_at_once():
    gpu = Machine(torch.device("cuda"))
    assert photos_at_once(QUICK, Machine()) == 1
    assert photos_at_once(QUICK, gpu) == 8
    assert photos_at_once(replace(QUICK, at_once=3), gpu) == 3


def test_steps():
    assert InvertOptions().steps(from_encoder=False) == 1000
    assert InvertOptions().steps(from_encoder=True) == 100
    assert QUICK.steps(from_encoder=True) == 12
