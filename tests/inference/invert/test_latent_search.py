import copy
import math
from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption, BadPhoto
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.latent_search import search
from partly.inference.invert.picture_distances import PyramidDistance
from partly.machine import Machine
from partly.models.generators import sample_w
from partly.models.generators.dcgan_generator import KIND as DCGAN
from partly.models.generators.mlp_generator import KIND as MLP
from partly.models.generators.own_noise import synthesise_with_noise
from partly.models.generators.picture_pixels import images_of
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from partly.models.generators.stylegan3.stylegan3_generator import KIND as STYLEGAN3
from partly.models.generators.vae_decoder import KIND as VAE
from tests.device_with_values import device_with_values
from tests.inference.invert.tiny_generators import KINDS, lively, own_pictures

QUICK = InvertOptions(n_steps=40, hold=0.0)


class Spoilt(PyramidDistance):
    """Is no number for one of the pictures from some comparison on."""

    def __init__(self, place: int, after: int) -> None:
        super().__init__()
        self.place_of, self.after, self.n = place, after, 0

    def between(self, first, second, weights=None):
        self.n += 1
        distances = super().between(first, second, weights)
        spoils = torch.zeros_like(distances)
        if self.after < self.n:
            spoils[self.place_of] = math.nan
        return distances + spoils


class SteepEdge(PyramidDistance):
    """A number always, but from some comparison on its slope is none."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after, self.n = after, 0

    def between(self, first, second, weights=None):
        self.n += 1
        distances = super().between(first, second, weights)
        if self.n <= self.after:
            return distances
        # The root of 0 has no slope.
        return distances + torch.sqrt((distances - distances.detach()).abs())


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_every_family_are_found_again(kind):
    generator = lively(kind)
    images = own_pictures(generator)
    before = search(generator, images, replace(QUICK, n_steps=0), PyramidDistance())
    found = search(generator, images, QUICK, PyramidDistance())
    assert (found.distances < 0.75 * before.distances).all()
    assert found.n_steps.tolist() == [40, 40]
    assert found.diverged.tolist() == [False, False]
    # What is told is what the latent makes.
    torch.testing.assert_close(images_of(generator.synthesise(found.w)), found.images)
    seen = PyramidDistance().read(images)
    torch.testing.assert_close(
        found.distances, PyramidDistance().between(PyramidDistance().read(found.images), seen)
    )
    torch.testing.assert_close(found.pixel_distances, (found.images - images).square().mean(dim=(1, 2, 3)))
    assert not found.w.requires_grad


@pytest.mark.parametrize("kind", [VAE, STYLEGAN2])
def test_what_is_found_does_not_depend_on_what_is_beside(kind):
    generator = lively(kind)
    images = own_pictures(generator, 3)
    together = search(generator, images, replace(QUICK, n_steps=6), PyramidDistance())
    for i in range(3):
        alone = search(generator, images[i : i + 1], replace(QUICK, n_steps=6), PyramidDistance())
        torch.testing.assert_close(together.w[i], alone.w[0], rtol=1e-3, atol=1e-3)


def test_the_same_is_found_again_to_the_bit():
    generator = lively(VAE)
    one, other = (search(generator, own_pictures(generator), QUICK, PyramidDistance()) for _ in range(2))
    assert torch.equal(one.w, other.w)


@pytest.mark.parametrize("space", ["w", "w+", "z"])
@pytest.mark.parametrize("kind", [STYLEGAN2, STYLEGAN3])
def test_spaces_of_mapped_families(kind, space):
    generator = lively(kind)
    found = search(
        generator, own_pictures(generator), replace(QUICK, space=space, n_steps=10), PyramidDistance()
    )
    assert found.space == space
    assert found.w.shape == (2, generator.n_layers, generator.w_dim)
    rows_differ = (found.w - found.w[:, :1]).abs().max() > 1e-4
    assert rows_differ == (space == "w+")
    assert (found.z is not None) == (space == "z")
    assert found.distances.isfinite().all()


def test_spaces_that_a_family_has_not():
    said = r"space w\+ of a generator without a mapping, and with latents of 1 layer; expected one of z"
    with pytest.raises(BadOption, match=said):
        search(lively(VAE), torch.zeros(1, 3, 16, 16), InvertOptions(space="w+"), PyramidDistance())


def test_images_of_another_size_are_refused():
    with pytest.raises(BadPhoto, match=r"images of shape \[1, 3, 8, 8\]; expected \[b, 3, 16, 16\]"):
        search(lively(VAE), torch.zeros(1, 3, 8, 8), QUICK, PyramidDistance())


def test_a_start_is_where_it_begins():
    generator = lively(STYLEGAN2)
    w = torch.cat([sample_w(generator, 5, i) for i in range(2)])
    images = images_of(generator.synthesise(w))
    from_there = search(generator, images, replace(QUICK, n_steps=0), PyramidDistance(), w)
    torch.testing.assert_close(from_there.w, w)
    assert from_there.distances.max() < 1e-8
    one_row = search(generator, images, replace(QUICK, n_steps=0), PyramidDistance(), w[:, :1])
    torch.testing.assert_close(one_row.w, w)
    # A search from the truth stays with it, since the best is kept.
    on = search(generator, images, replace(QUICK, n_steps=5), PyramidDistance(), w)
    assert on.distances.max() < 1e-8


def test_a_start_without_mapping():
    generator = lively(DCGAN)
    w = torch.cat([sample_w(generator, 5, i) for i in range(2)])
    w[:, :, :5] *= 2 / w[:, :, :5].norm(dim=2, keepdim=True)  # a usual length
    found = search(generator, own_pictures(generator), replace(QUICK, n_steps=0), PyramidDistance(), w)
    torch.testing.assert_close(found.w[:, :, : generator.z_dim], w[:, :, : generator.z_dim])


def test_classes_are_asked_for_or_the_nearest():
    generator = lively(DCGAN)
    options = replace(QUICK, n_steps=3)
    asked = search(generator, own_pictures(generator), replace(options, class_name="dog"), PyramidDistance())
    assert asked.w[:, 0, -2:].tolist() == [[0, 1], [0, 1]]
    of_class = torch.cat([sample_w(generator, 0, 0, class_name=name) for name in ("cat", "dog")])
    of_class[:, :, : generator.z_dim] = 0
    images = images_of(generator.synthesise(of_class))
    nearest = search(generator, images, options, PyramidDistance())
    assert nearest.w[:, 0, -2:].tolist() == [[1, 0], [0, 1]]
    with pytest.raises(BadOption, match="the generator knows no class 'cow'; expected one of cat, dog"):
        search(generator, images, replace(options, class_name="cow"), PyramidDistance())
    with pytest.raises(BadOption, match="knows no class 'cow'; expected none: it knows none"):
        search(lively(VAE), torch.zeros(1, 3, 16, 16), replace(options, class_name="cow"), PyramidDistance())


def test_a_search_that_diverges_keeps_its_best():
    generator = lively(VAE)
    images = own_pictures(generator)
    first = search(generator, images, replace(QUICK, n_steps=0), PyramidDistance())
    spoilt = search(generator, images, QUICK, Spoilt(0, after=20))
    assert spoilt.diverged.tolist() == [True, False]
    assert spoilt.n_steps.tolist() == [20, 40]
    assert spoilt.w.isfinite().all()
    pictures = images_of(generator.synthesise(spoilt.w))
    compared = PyramidDistance().between(PyramidDistance().read(pictures), PyramidDistance().read(images))
    assert compared[0] < first.distances[0]
    # The other goes on as if alone.
    alone = search(generator, images, QUICK, PyramidDistance())
    torch.testing.assert_close(spoilt.w[1], alone.w[1], rtol=1e-3, atol=1e-3)


def test_slopes_that_are_no_numbers_stop_a_search():
    generator = lively(VAE)
    found = search(generator, own_pictures(generator), QUICK, SteepEdge(after=10))
    assert found.diverged.all()
    assert found.n_steps.tolist() == [10, 10]
    assert found.w.isfinite().all()
    assert found.distances.isfinite().all()


def test_no_number_at_all():
    generator = lively(VAE)
    found = search(generator, own_pictures(generator, 1), QUICK, Spoilt(0, after=0))
    assert found.diverged.tolist() == [True]
    assert found.n_steps.tolist() == [0]
    assert found.w.isfinite().all()
    assert found.distances.isnan().all()


def test_more_starts_are_no_worse():
    generator = lively(MLP)
    images = own_pictures(generator)
    done = []
    one = search(generator, images, QUICK, PyramidDistance())
    more = search(
        generator,
        images,
        replace(QUICK, n_starts=3),
        PyramidDistance(),
        on_step=lambda n, total: done.append((n, total)),
    )
    assert (more.distances <= one.distances).all()
    assert done == [(i, 120) for i in range(1, 121)]


def test_noise_is_searched_for_and_stays_noise():
    generator = lively(STYLEGAN2)
    images = own_pictures(generator)
    options = replace(QUICK, noise="searched")
    found = search(generator, images, options, PyramidDistance())
    assert set(found.noise) == set(generator.noise_inputs())
    for name, maps in found.noise.items():
        own = generator.noise_inputs()[name]
        assert maps.shape == (2, 1, *own.shape)
        assert not torch.allclose(maps, own.expand_as(maps))
        assert maps.mean(dim=(1, 2, 3)).abs().max() < 1e-5
        torch.testing.assert_close(maps.square().mean(dim=(1, 2, 3)), torch.ones(2))
    made = images_of(synthesise_with_noise(generator, found.w, found.noise))
    torch.testing.assert_close(made, found.images)


def test_families_without_noise_have_none_to_search_for():
    found = search(
        lively(VAE), own_pictures(lively(VAE)), replace(QUICK, noise="searched"), PyramidDistance()
    )
    assert found.noise == {}


def test_being_held_keeps_latents_nearer_to_the_mean():
    generator = lively(STYLEGAN3)
    images = own_pictures(generator)
    free, held = (
        search(generator, images, replace(QUICK, hold=hold, n_steps=15), PyramidDistance()).w
        for hold in (0.0, 1.0)
    )
    assert (generator.class_means == 0).all()
    assert (held.square().mean(dim=(1, 2)) < free.square().mean(dim=(1, 2))).all()


def test_the_nearest_class_of_a_mapped_family_is_that_of_the_nearest_mean():
    generator = lively(STYLEGAN2)
    generator.class_means.copy_(torch.randn(2, 6, generator=torch.Generator().manual_seed(0)))
    means = generator.class_means[:, None].expand(-1, generator.n_layers, -1)
    images = images_of(generator.synthesise(means.flip(0)))
    found = search(generator, images, replace(QUICK, n_steps=0), PyramidDistance())
    torch.testing.assert_close(found.w, means.flip(0))
    assert found.distances.max() < 1e-8


class Blind(PyramidDistance):
    """Sees no difference: what is left is what pulls pictures back into their range."""

    def between(self, first, second, weights=None):
        return super().between(first, second, weights) * 0


def test_what_is_brighter_than_white_is_pulled_back():
    generator = lively(STYLEGAN2)
    w = 3 * sample_w(generator, 5, 0)
    far = generator.synthesise(w).images
    images = images_of(generator.synthesise(w))
    assert far.abs().max() > 2
    steps = []
    whole = generator.synthesise

    def watched(w, **more):
        made = whole(w, **more)
        steps.append(float((made.images.detach().abs() - 1).clamp(min=0).square().mean()))
        return made

    generator.synthesise = watched  # type: ignore[method-assign]
    search(generator, images, replace(QUICK, class_name="cat"), Blind(), w)
    first, last = steps[0], steps[QUICK.n_steps - 1]
    assert last < 0.5 * first


def test_weights_leave_places_out():
    generator = lively(VAE)
    images = own_pictures(generator)
    spoilt = images.clone()
    spoilt[:, :, :8] = 1  # what stands in the way of the upper half
    weights = torch.zeros(2, 1, 16, 16)
    weights[:, :, 8:] = 1
    found = search(generator, spoilt, QUICK, PyramidDistance(), weights=weights)
    blind = search(generator, spoilt, QUICK, PyramidDistance())

    def lower(search_found):
        return (search_found.images - images)[:, :, 8:].square().mean()

    assert lower(found) < 0.5 * lower(blind)


@pytest.mark.parametrize("kind", [STYLEGAN2, VAE])
def test_another_device_finds_the_same(kind):
    generator = lively(kind)
    images = own_pictures(generator)
    options = replace(QUICK, n_steps=3, noise="searched")
    here = search(generator, images, options, PyramidDistance())
    with device_with_values() as device:
        there = copy.deepcopy(generator).to(device)
        found = search(there, images, options, PyramidDistance(), machine=Machine(device))
        assert {found.w.device, found.images.device, found.distances.device} == {device}
        w, images_there, noise = (
            found.w.cpu(),
            found.images.cpu(),
            {n: m.cpu() for n, m in found.noise.items()},
        )
    torch.testing.assert_close(w, here.w)
    torch.testing.assert_close(images_there, here.images)
    for name, maps in here.noise.items():
        torch.testing.assert_close(noise[name], maps)
