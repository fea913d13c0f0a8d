import math

import pytest
import torch

from partly.errors import BadOption
from partly.losses.rounds import Ask, Judgement, Objective, Round
from partly.losses.stacked_terms import ConditionKept, OwnLatentTold, SmallPictureKept

W = torch.arange(12.0).reshape(2, 1, 6)
OWN = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
MEAN, LOG_VARIANCE = torch.tensor([[0.0, 3.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, math.log(4.0)]])


class Stack:
    """Whose small pictures are of one colour, and whose latents and conditions are those above."""

    def small_pictures(self, w):
        assert torch.equal(w, W)
        return torch.tensor([0.5, -0.5])[:, None, None, None].expand(2, 3, 2, 2)

    def condition_of(self, w):
        assert torch.equal(w, W)
        return MEAN, LOG_VARIANCE

    def own_latents(self, w):
        assert torch.equal(w, W)
        return OWN


def seen(pictures=None, told=None, plain=None):
    pictures = torch.zeros(2, 3, 4, 4) if pictures is None else pictures
    fake = None if told is None else Judgement(torch.zeros(2), heads={"code": told})
    return Round(pictures, pictures, fake=fake, latents=W, ask=Ask(judge_plain=plain))


@pytest.mark.parametrize("term", [SmallPictureKept, OwnLatentTold, ConditionKept])
def test_terms_are_objectives_that_say_what_they_are_and_not_of_which_generator(term):
    one = term(Stack(), 3.0)
    assert isinstance(one, Objective)
    assert repr(one) == f"{term.__name__}(weight=3.0)"
    for weight in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(BadOption, match=r"the weight of a term is .*; expected more than 0"):
            term(Stack(), weight)


def test_weights_are_those_of_the_released_codes():
    weights = [term(Stack()).weight for term in (SmallPictureKept, OwnLatentTold, ConditionKept)]
    assert weights == [1.0, 10.0, 2.0]


def test_a_picture_is_compared_by_means_of_areas():
    """Details whose means are those of the small picture cost nothing."""
    small = Stack().small_pictures(W)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(2, 2)
    term = SmallPictureKept(Stack(), 2.0)
    assert term.generator_terms(seen(large + checks)) == {"small picture kept": 0}
    # One value of 3 * 4 of each small picture is off by a quarter of 4.
    wrong = large.clone()
    wrong[:, 0, 3, 3] += 4
    found = term.generator_terms(seen(wrong))["small picture kept"]
    assert found.item() == pytest.approx(2 * 1 / 12)
    assert term.discriminator_terms(seen(wrong)) == {}


def test_a_latent_that_is_told_costs_nothing_and_zeros_cost_its_square():
    term = OwnLatentTold(Stack(), 10.0)
    assert term.generator_terms(seen(told=OWN)) == {"own latent told": 0}
    found = term.generator_terms(seen(told=torch.zeros(2, 2)))
    assert found["own latent told"].item() == pytest.approx(10 * (1 + 1 + 0.25 + 4) / 4)
    assert term.discriminator_terms(seen(told=torch.zeros(2, 2))) == found


def test_up_to_a_constant_the_square_is_the_logarithm_of_the_density_of_the_latent():
    """``-log N(z; told, 1)``, summed over the numbers of ``z``, is half of their number times the term."""
    told = torch.tensor([[0.3, 0.4], [-1.0, 0.2]], requires_grad=True)
    term = OwnLatentTold(Stack(), 2 / 2).generator_terms(seen(told=told))["own latent told"]
    density = torch.distributions.Normal(told, 1.0).log_prob(OWN).sum(dim=1)
    torch.testing.assert_close(term + math.log(2 * math.pi), -density.mean())
    [ours] = torch.autograd.grad(term, told)
    [wanted] = torch.autograd.grad(-density.mean(), told)
    torch.testing.assert_close(ours, wanted)


def test_the_latent_is_told_from_pictures_that_are_not_augmented():
    plain = Judgement(torch.zeros(2), heads={"code": OWN})
    term = OwnLatentTold(Stack())
    assert term.discriminator_terms(seen(told=OWN + 1, plain=lambda _: plain)) == {"own latent told": 0}


def test_the_divergence_is_that_of_torch():
    found = ConditionKept(Stack(), 3.0).generator_terms(seen())["divergence of condition"]
    normal = torch.distributions.Normal(0.0, 1.0)
    conditions = torch.distributions.Normal(MEAN, (LOG_VARIANCE / 2).exp())
    torch.testing.assert_close(found, 3 * torch.distributions.kl_divergence(conditions, normal).mean())
    assert ConditionKept(Stack()).discriminator_terms(seen()) == {}
