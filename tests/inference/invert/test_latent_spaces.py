import pytest
import torch

from partly.errors import BadOption
from partly.inference.invert.latent_spaces import latent_space
from partly.models.generators import one_hot, sample_w
from partly.models.generators.mobile_stylegan import KIND as MOBILE_STYLEGAN
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from partly.models.generators.vae_decoder import KIND as VAE
from tests.inference.invert.tiny_generators import lively

NO_CLASSES = torch.zeros(2, 0)


def test_usual_spaces():
    assert latent_space(lively(MOBILE_STYLEGAN), "auto").name == "w+"
    assert latent_space(lively(VAE), "auto").name == "z"
    with pytest.raises(BadOption, match=r"space w of a generator without a mapping.*expected one of z"):
        latent_space(lively(VAE), "w")


@pytest.mark.parametrize(("name", "rows"), [("w", 1), ("w+", 11)])
def test_points_count_deviations_from_the_mean(name, rows):
    generator = lively(MOBILE_STYLEGAN)
    generator.w_mean.normal_(generator=torch.Generator().manual_seed(0))
    space = latent_space(generator, name)
    mean = space.first(NO_CLASSES, 0, 0)
    assert mean.shape == (2, rows, generator.w_dim)
    assert torch.equal(space.w_of(mean, NO_CLASSES), generator.w_mean.expand(2, 11, -1))
    assert space.away(mean).tolist() == [0, 0]
    drawn = torch.cat([sample_w(generator, 1, i) for i in range(400)])
    far = space.away(space.point_of(drawn, torch.zeros(400, 0))).mean()
    assert far == pytest.approx(1, abs=0.1)


def test_there_and_back():
    generator = lively(MOBILE_STYLEGAN)
    w = torch.randn(2, 11, generator.w_dim, generator=torch.Generator().manual_seed(1))
    plus = latent_space(generator, "w+")
    torch.testing.assert_close(plus.w_of(plus.point_of(w, NO_CLASSES), NO_CLASSES), w)
    one = latent_space(generator, "w")
    row = one.w_of(one.point_of(w, NO_CLASSES), NO_CLASSES)
    torch.testing.assert_close(row, w.mean(dim=1, keepdim=True).expand(-1, 11, -1))


def test_other_starts_are_drawn_halfway_to_the_mean():
    generator = lively(MOBILE_STYLEGAN)
    space = latent_space(generator, "w+")
    first, second, again = (space.first(NO_CLASSES, 0, number) for number in (1, 2, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    half = space.w_of(first, NO_CLASSES)
    whole = sample_w(generator, 0, 1, purpose="starts of a search")
    torch.testing.assert_close(half[:1], whole / 2)


def test_means_of_classes():
    generator = lively(STYLEGAN2)
    generator.class_means.copy_(torch.arange(12.0).view(2, 6))
    condition = one_hot(generator, ["dog", "cat"])
    space = latent_space(generator, "w")
    w = space.w_of(space.first(condition, 0, 0), condition)
    assert w[:, 0].tolist() == generator.class_means.flip(0).tolist()


def test_lengths_of_normal_latents_stay_usual():
    generator = lively(VAE)
    space = latent_space(generator, "z")
    z = torch.tensor([[9.0, 0, 0, 0, 0], [0.01, 0, 0, 0, 0], [0, 2.0, 0, 0, 0]])
    settled = space.settle(z)
    # The length of normal vectors of 5 numbers: about the root of 4.5, give or take twice the root of a half.
    usual = 4.5**0.5
    assert settled.norm(dim=1).tolist() == pytest.approx([usual + 2**0.5, usual - 2**0.5, 2])
    torch.testing.assert_close(settled / settled.norm(dim=1, keepdim=True), z / z.norm(dim=1, keepdim=True))
    drawn = torch.randn(4000, 5, generator=torch.Generator().manual_seed(0))
    changed = (space.settle(drawn) - drawn).norm(dim=1) > 1e-5
    assert changed.float().mean() < 0.08


def test_an_encoder_of_w_cannot_begin_in_z():
    generator = lively(STYLEGAN2)
    space = latent_space(generator, "z")
    with pytest.raises(BadOption, match=r"an encoder of mapped latents .* expected space w or w\+"):
        space.point_of(torch.zeros(1, 1, 6), one_hot(generator, ["cat"]))
