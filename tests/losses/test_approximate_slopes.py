"""Estimates beside closed forms: of a linear score, and of a quadratic one ``<a, x> + x' B x / 2``."""

import pytest
import torch

from partly.errors import BadOption
from partly.losses.approximate_slopes import ApproximateR1, ApproximateR2, estimated_squared_slopes
from partly.losses.rounds import Ask, Judgement, Round, total
from partly.losses.slope_penalties import R1, R2, squared_slopes

N_VALUES = 3 * 2 * 2


def draw(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A = draw(N_VALUES, seed=0) / 2
B = draw(N_VALUES, N_VALUES, seed=1) / 10


def quadratic(images):
    x, a, b = images.flatten(1), A.to(images.dtype), B.to(images.dtype)
    return x @ a + torch.einsum("bi,ij,bj->b", x, b, x) / 2


def closed_form(images):
    """``|a + (B + B') x / 2|^2``."""
    return (A + images.double().flatten(1) @ (B + B.T) / 2).square().sum(1)


def seen(judge, n, seed=0, dtype=torch.float64):
    """A round of ``n`` photos that are all the same, so that their estimates are a sample."""
    photos, made = (draw(1, 3, 2, 2, seed=s).expand(n, -1, -1, -1).to(dtype) for s in (5, 6))
    random = torch.Generator().manual_seed(seed)
    return Round(photos, made, ask=Ask(lambda x: Judgement(judge(x)), lambda _purpose: random))


def sampled(judge, at, step, seed=0):
    """Mean and standard error of estimates; the noise of the closed form's first two moments."""
    noise = torch.randn(at.shape, generator=torch.Generator().manual_seed(seed)).to(at)
    estimates = estimated_squared_slopes(judge, at, noise, step).double()
    return estimates.mean().item(), (estimates.std() / len(at) ** 0.5).item(), estimates


def test_the_exact_slopes_are_those_of_the_closed_form():
    at = draw(4, 3, 2, 2, seed=5)
    torch.testing.assert_close(squared_slopes(quadratic, at).detach(), closed_form(at))


@pytest.mark.parametrize("seed", range(3))
def test_estimates_are_unbiased(seed):
    """In float32: within four standard errors of the closed form, which is known to 2 %."""
    at = draw(1, 3, 2, 2, seed=5).expand(20_000, -1, -1, -1).float()
    mean, error, estimates = sampled(quadratic, at, 0.01, seed)
    wanted = closed_form(at[:1]).item()
    assert error < 0.02 * wanted
    assert abs(mean - wanted) < 4 * error
    # One estimate has the deviation of sqrt(2) squared slopes.
    assert estimates.std().item() == pytest.approx(2**0.5 * wanted, rel=0.05)


def rounded(images):
    """The same discriminator with weights, images and scores of 8 bits."""
    x, a, b = images.flatten(1).bfloat16(), A.bfloat16(), B.bfloat16()
    return (x @ a + ((x @ b) * x).sum(1) / 2).to(images.dtype)


def test_a_discriminator_of_halves_needs_a_longer_step():
    at = draw(1, 3, 2, 2, seed=5).expand(20_000, -1, -1, -1).float()
    wanted = closed_form(at[:1]).item()
    mean, error, _ = sampled(rounded, at, 0.05)
    assert abs(mean - wanted) < 4 * error + 0.05 * wanted
    # What is rounded away is taken for a slope where the step is short.
    short, error, _ = sampled(rounded, at, 0.001)
    assert short > 2 * wanted + 4 * error


@pytest.mark.parametrize(("approximate", "exact"), [(ApproximateR1, R1), (ApproximateR2, R2)])
def test_penalties_are_those_of_the_exact_ones(approximate, exact):
    n = 20_000
    wanted = exact(3.0).discriminator_terms(seen(quadratic, 1))
    found = approximate(3.0).discriminator_terms(seen(quadratic, n))
    assert found.keys() == wanted.keys()
    error = total(wanted).item() * 2**0.5 / n**0.5
    assert abs(total(found).item() - total(wanted).item()) < 4 * error
    assert approximate(3.0).generator_terms(seen(quadratic, 1)) == {}


def test_penalties_look_at_photos_and_at_pictures():
    def judge(images):
        looked_at.append(images)
        return images.flatten(1).sum(1)

    looked_at = []
    for penalty in (ApproximateR1(step=0.5), ApproximateR2(step=0.5)):
        penalty.discriminator_terms(seen(judge, 2))
    given = seen(judge, 2)
    noise = torch.randn(given.photos.shape, generator=torch.Generator().manual_seed(0)).double() / 2
    for found, wanted in zip(
        looked_at, (given.photos + noise, given.photos, given.pictures + noise, given.pictures), strict=True
    ):
        torch.testing.assert_close(found, wanted)


def test_a_linear_score_can_be_learned_from():
    """The gradient of gamma / 2 |a|^2 is gamma a."""
    weight = A.clone().requires_grad_(True)
    penalty = ApproximateR1(2.0)
    found = penalty.discriminator_terms(seen(lambda x: x.flatten(1) @ weight, 20_000))
    [gradient] = torch.autograd.grad(total(found), weight)
    error = 2 * (2 * A.square().sum() / 20_000).sqrt().item()
    torch.testing.assert_close(gradient, 2 * A, rtol=0, atol=5 * error)


def test_gradients_are_those_of_finite_differences():
    def loss(weight):
        def judge(images):
            return (images.flatten(1) @ weight).tanh()

        return total(ApproximateR1(2.0, 0.1).discriminator_terms(seen(judge, 3)))

    assert torch.autograd.gradcheck(loss, [A.clone().requires_grad_(True)])


@pytest.mark.parametrize("penalty", [ApproximateR1, ApproximateR2])
def test_a_step_that_is_none(penalty):
    with pytest.raises(BadOption, match="step is 0; expected more than 0"):
        penalty(step=0)
