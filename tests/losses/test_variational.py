import math

import pytest
import torch

from partly.errors import BadOption
from partly.losses.evidence_lower_bound import (
    ELBO,
    GaussianPixels,
    LaplacePixels,
    Likelihood,
    drawn,
    kl_from_normal,
)


@pytest.fixture
def random():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def posterior():
    mean = torch.tensor([[0.5, -1.0, 0.0], [2.0, 0.1, -0.3]], dtype=torch.float64)
    log_variance = torch.tensor([[-1.0, 0.3, 0.0], [-3.0, -0.5, 1.0]], dtype=torch.float64)
    return mean, log_variance


def test_kl_divergence_is_that_of_many_draws(posterior, random):
    mean, log_variance = posterior
    n = 200_000
    z = mean + (log_variance / 2).exp() * torch.randn(n, 2, 3, generator=random, dtype=torch.float64)
    of_posterior = torch.distributions.Normal(mean, (log_variance / 2).exp()).log_prob(z)
    of_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z)
    differences = (of_posterior - of_prior).sum(2)
    error = differences.std(0) / n**0.5
    assert ((kl_from_normal(mean, log_variance) - differences.mean(0)).abs() < 5 * error).all()


def test_the_prior_does_not_diverge_from_itself():
    assert kl_from_normal(torch.zeros(2, 4), torch.zeros(2, 4)).tolist() == [0, 0]


def test_draws_have_mean_and_variance_and_let_slopes_through(posterior, random):
    mean, log_variance = (t[:1].expand(100_000, -1).clone().requires_grad_(True) for t in posterior)
    z = drawn(mean, log_variance, torch.randn(mean.shape, generator=random))
    torch.testing.assert_close(z.mean(0), mean[0], rtol=0, atol=0.03)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), rtol=0.03, atol=0)
    of_mean, of_log_variance = torch.autograd.grad(z.sum(), [mean, log_variance])
    assert (of_mean == 1).all()
    torch.testing.assert_close(of_log_variance, (z - mean) / 2)


@pytest.mark.parametrize(
    ("likelihood", "density"),
    [
        (GaussianPixels(0.3), lambda pictures: torch.distributions.Normal(pictures, 0.3)),
        (LaplacePixels(0.2), lambda pictures: torch.distributions.Laplace(pictures, 0.2)),
    ],
)
def test_likelihoods_are_densities(likelihood, density, random):
    assert isinstance(likelihood, Likelihood)
    photos, pictures = torch.randn(2, 3, 3, 4, 4, generator=random)
    wanted = density(pictures).log_prob(photos).flatten(1).sum(1)
    torch.testing.assert_close(likelihood(photos, pictures), wanted, rtol=1e-5, atol=1e-4)


def test_the_bound_is_likelihood_less_divergence(posterior, random):
    mean, log_variance = posterior
    photos, pictures = torch.randn(2, 2, 3, 4, 4, generator=random, dtype=torch.float64)
    found = ELBO(LaplacePixels(0.2), beta=2.5)(photos, pictures, mean, log_variance)
    likelihood = LaplacePixels(0.2)(photos, pictures).mean()
    kl = kl_from_normal(mean, log_variance).mean()
    assert found.log_likelihood == likelihood
    assert found.kl == kl
    assert found.loss.item() == pytest.approx(((2.5 * kl - likelihood) / 48).item())


def test_the_bound_is_below_the_evidence(random):
    """Of ``x = z + noise``, whose evidence is a normal of variance 2; met by the true posterior."""
    x = torch.tensor([0.7], dtype=torch.float64)
    evidence = torch.distributions.Normal(0.0, math.sqrt(2)).log_prob(x).item()

    def bound(mean, variance):
        n = 200_000
        means = torch.full((n, 1), mean, dtype=torch.float64)
        log_variances = torch.full((n, 1), math.log(variance), dtype=torch.float64)
        z = drawn(means, log_variances, torch.randn(means.shape, generator=random))
        return -ELBO(GaussianPixels(1.0))(x.expand(n, 1), z, means, log_variances).loss.item()

    assert bound(0.35, 0.5) == pytest.approx(evidence, abs=0.01)
    assert bound(0.0, 0.5) < evidence - 0.05
    assert bound(0.35, 1.5) < evidence - 0.05


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: GaussianPixels(0.0), r"deviation is 0\.0; expected more than 0"),
        (lambda: LaplacePixels(-1.0), r"scale is -1\.0; expected more than 0"),
        (lambda: ELBO(beta=-0.1), r"beta is -0\.1; expected 0 or more"),
    ],
)
def test_what_cannot_be(make, text):
    with pytest.raises(BadOption, match=text):
        make()
