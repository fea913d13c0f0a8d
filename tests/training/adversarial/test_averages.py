"""Averages of several lengths: each as its formula has it, and shown to whoever watches."""

from __future__ import annotations

from dataclasses import replace

import torch

from partly.training.adversarial.gan_loop import train_gan
from tests.training.adversarial.test_loop import CONFIG, batches, players
from tests.training.adversarial.test_watched import Halving
from tests.training.contract import same_weights

FACTORS = (0.25, 1.0, 4.0)
SEVERAL = replace(CONFIG, averages=FACTORS, ema_half_life=16.0, ema_ramp_up=0.4)


def test_each_follows_the_generator_by_its_own_half_life():
    two = players()
    weight = two.generator.const if hasattr(two.generator, "const") else next(two.generator.parameters())
    wanted = {factor: weight.detach().clone() for factor in FACTORS}

    def follow(report):
        for factor in FACTORS:
            # Karras et al. (NeurIPS 2020): half-lives grow with the photos seen.
            half_life = factor * min(16.0, 0.4 * report.n_seen)
            decay = 0.5 ** (4 / half_life)
            wanted[factor] = decay * wanted[factor] + (1 - decay) * weight.detach()

    name = next(name for name, one in two.generator.named_parameters() if one is weight)
    result = train_gan(two, batches(), SEVERAL, on_step=follow)
    for factor, one in {1.0: result.generator, **result.others}.items():
        torch.testing.assert_close(one.state_dict()[name], wanted[factor])
    assert not torch.allclose(wanted[0.25], wanted[1.0])
    assert not torch.allclose(wanted[4.0], wanted[1.0])


def test_the_usual_one_is_what_it_is_without_the_others():
    alone = train_gan(players(), batches(), replace(SEVERAL, averages=(1.0,)))
    assert alone.others == {}
    assert same_weights(alone.generator, train_gan(players(), batches(), SEVERAL).generator)


def test_who_watches_may_see_them():
    class Seeing(Halving):
        others = ()

        def look(self, model, n_done, others):
            self.others = others()
            return super().look(model, n_done, others)

    watch = Seeing()
    result = train_gan(players(), batches(), SEVERAL, watch=watch)
    assert sorted(watch.others) == [0.25, 4.0]
    assert all(same_weights(watch.others[factor], result.others[factor]) for factor in watch.others)
