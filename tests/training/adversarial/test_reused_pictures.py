"""The generator learns from the pictures that the discriminator has learned from, where that is chosen."""

from dataclasses import dataclass, field, replace

import pytest
import torch

from partly.losses.adversarial_losses import NonSaturating
from partly.storage.provenance import Provenance
from partly.training.adversarial.gan_claims import gan_claims
from partly.training.adversarial.gan_loop import train_gan
from tests.training.adversarial.test_loop import CONFIG, batches, players
from tests.training.contract import same_weights


@dataclass(frozen=True)
class Noting(NonSaturating):
    """Keeps the pictures of every step of either player."""

    seen: dict = field(default_factory=lambda: {"discriminator": [], "generator": []}, compare=False)

    def discriminator_terms(self, seen):
        assert not seen.pictures.requires_grad
        assert not seen.latents.requires_grad
        self.seen["discriminator"].append(seen.pictures.clone())
        return super().discriminator_terms(seen)

    def generator_terms(self, seen):
        assert seen.pictures.requires_grad
        self.seen["generator"].append(seen.pictures.detach().clone())
        return super().generator_terms(seen)


@pytest.mark.parametrize("n_discriminator_steps", [1, 2])
@pytest.mark.parametrize("reuse", [True, False])
def test_pictures_of_both_players(reuse, n_discriminator_steps):
    noting = Noting()
    config = replace(
        CONFIG,
        n_steps=2,
        reuse_pictures=reuse,
        n_discriminator_steps=n_discriminator_steps,
        n_generator_steps=2,
    )
    train_gan(replace(players(), objective=noting), batches(), config)
    last = noting.seen["discriminator"][n_discriminator_steps - 1 :: n_discriminator_steps]
    first, second = noting.seen["generator"][::2], noting.seen["generator"][1::2]
    for of_discriminator, of_generator, others in zip(last, first, second, strict=True):
        assert torch.equal(of_discriminator, of_generator) == reuse
        assert not torch.equal(of_generator, others)


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path):
    config = replace(CONFIG, n_steps=4, reuse_pictures=True)
    whole = train_gan(players(), batches(), config).generator
    train_gan(players(), batches(), replace(config, n_steps=2), folder=tmp_path)
    assert same_weights(whole, train_gan(players(), batches(), config, folder=tmp_path).generator)


def test_a_training_from_before_made_other_pictures():
    (now, *_) = gan_claims(players(), "photos", CONFIG)
    assert isinstance(now, Provenance)
    before = {name: value for name, value in now.values.items() if name != "reuse_pictures"}
    assert now.differences(before) == []
    (reusing, *_) = gan_claims(players(), "photos", replace(CONFIG, reuse_pictures=True))
    assert reusing.differences(before) == ["reuse_pictures False, not True"]
