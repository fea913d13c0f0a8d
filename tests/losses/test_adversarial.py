import math

import pytest
import torch

from partly.losses.adversarial_losses import Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein
from partly.losses.rounds import Judgement, Objective, Round

OBJECTIVES = [Minimax(), NonSaturating(), Hinge(), Wasserstein(), LeastSquares()]
LOGARITHMIC = [Minimax(), NonSaturating()]
REAL, FAKE = torch.tensor([2.0, -0.5, 0.3]), torch.tensor([-1.5, 0.2, 4.0])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: type(o).__name__)
class TestContract:
    def test_follows_the_protocol(self, objective):
        assert isinstance(objective, Objective)

    def test_terms_are_the_losses_of_scores_also_of_maps(self, objective):
        real, fake = (Judgement(scores.view(3, 1, 1).expand(3, 2, 2)) for scores in (REAL, FAKE))
        seen = Round(torch.zeros(3), torch.zeros(3), real, fake)
        torch.testing.assert_close(
            dict(objective.generator_terms(seen)), {"adversarial": objective.generator_loss(FAKE)}
        )
        torch.testing.assert_close(
            dict(objective.discriminator_terms(seen)),
            {"adversarial": objective.discriminator_loss(REAL, FAKE)},
        )

    def test_losses_are_scalars(self, objective):
        assert objective.generator_loss(FAKE).shape == ()
        assert objective.discriminator_loss(REAL, FAKE).shape == ()

    def test_both_players_want_the_opposite(self, objective):
        """Higher scores of pictures please the generator, and never the discriminator."""
        fake = torch.full((3,), 0.5, requires_grad=True)
        [of_generator] = torch.autograd.grad(objective.generator_loss(fake), fake)
        [of_discriminator] = torch.autograd.grad(objective.discriminator_loss(REAL, fake), fake)
        assert (of_generator < 0).all()
        assert (of_discriminator > 0).all()

    def test_the_discriminator_wants_photos_to_score(self, objective):
        real = torch.full((3,), 0.5, requires_grad=True)
        [gradient] = torch.autograd.grad(objective.discriminator_loss(real, FAKE), real)
        assert (gradient < 0).all()

    def test_extreme_scores_stay_finite(self, objective):
        far = torch.tensor([-1e4, 1e4], requires_grad=True)
        for loss in (objective.generator_loss(far), objective.discriminator_loss(far, far)):
            [gradient] = torch.autograd.grad(loss, far)
            assert loss.isfinite()
            assert gradient.isfinite().all()


@pytest.mark.parametrize("objective", LOGARITHMIC, ids=lambda o: type(o).__name__)
def test_discriminators_of_probabilities(objective):
    real, fake = REAL.sigmoid(), FAKE.sigmoid()
    wanted = -real.log().mean() - (1 - fake).log().mean()
    assert objective.discriminator_loss(REAL, FAKE).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_generators_of_probabilities():
    fake = FAKE.sigmoid()
    assert Minimax().generator_loss(FAKE).item() == pytest.approx((1 - fake).log().mean().item(), rel=1e-5)
    assert NonSaturating().generator_loss(FAKE).item() == pytest.approx(-fake.log().mean().item(), rel=1e-5)


def test_the_minimax_gradient_vanishes_and_the_other_does_not():
    """Where the discriminator is sure that pictures are generated (Goodfellow et al. 2014, section 3)."""
    fake = torch.full((1,), -20.0, requires_grad=True)
    slopes = [
        torch.autograd.grad(objective.generator_loss(fake), fake)[0].abs().item()
        for objective in (Minimax(), NonSaturating())
    ]
    assert slopes[0] < 1e-8
    assert slopes[1] == pytest.approx(1)


def test_hinge_has_margins():
    assert Hinge().discriminator_loss(torch.tensor([1.5]), torch.tensor([-1.0])).item() == 0
    assert Hinge().discriminator_loss(torch.tensor([0.5]), torch.tensor([-0.25])).item() == 1.25


def test_wasserstein_is_a_difference_of_means():
    assert Wasserstein().discriminator_loss(REAL, FAKE).item() == pytest.approx((2.7 - 1.8) / 3, rel=1e-5)


def test_least_squares_have_halves():
    assert LeastSquares().discriminator_loss(torch.tensor([3.0]), torch.tensor([1.0])).item() == 2.5
    assert LeastSquares().generator_loss(torch.tensor([3.0, 1.0])).item() == 1.0


def densities():
    """Two densities on 400 places: p and q, each summing to 1."""
    x = torch.linspace(-6, 6, 400, dtype=torch.float64)
    p = torch.exp(-((x + 1) ** 2) / 2)
    q = torch.exp(-((x - 1) ** 2) / (2 * 1.5**2))
    return p / p.sum(), q / q.sum()


def value(objective, scores, p, q):
    """The discriminator's loss where places have probabilities in place of frequencies."""
    # Each player's part is found by differences, for which any other score will do.
    at = scores.new_zeros(1)
    both = objective.discriminator_loss(at, at)
    of_real = torch.vmap(lambda score: objective.discriminator_loss(score[None], at))(scores)
    of_fake = torch.vmap(lambda score: objective.discriminator_loss(at, score[None]))(scores)
    return (p * of_real + q * of_fake).sum() - both


def converged(objective, p, q):
    """The scores of the places that minimise the discriminator's loss, by gradient descent."""
    scores = torch.full_like(p, 0.1, requires_grad=True)
    optimizer = torch.optim.LBFGS([scores], lr=1, max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = value(objective, scores, p, q)
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)
    return scores.detach()


@pytest.mark.parametrize(
    ("objective", "probability"),
    [*((one, torch.sigmoid) for one in LOGARITHMIC), (LeastSquares(), lambda scores: scores)],
    ids=lambda o: type(o).__name__,
)
def test_a_converged_discriminator_is_p_over_p_plus_q(objective, probability):
    """Goodfellow et al. 2014, proposition 1; Mao et al. 2017, equation 4; a free score for each place."""
    p, q = (density[::10] / density[::10].sum() for density in densities())
    found = probability(converged(objective, p, q))
    likely = p + q > 1e-4
    torch.testing.assert_close(found[likely], (p / (p + q))[likely], rtol=0, atol=0.01)


def test_a_converged_hinge_says_on_which_side_photos_are_more_likely():
    """Lim and Ye 2017, lemma 1: the score is the sign of p - q."""
    p, q = (density[::10] / density[::10].sum() for density in densities())
    apart = (p - q).abs() > 0.01
    # Gradient descent stops at the corner only where steps grow small.
    scores = torch.zeros_like(p, requires_grad=True)
    for step in range(150):
        [slope] = torch.autograd.grad(value(Hinge(), scores, p, q), scores)
        scores = (scores - 0.1 * 0.97**step * slope.sign()).detach().requires_grad_(True)
    torch.testing.assert_close(scores[apart], (p - q)[apart].sign(), rtol=0, atol=0.06)


@pytest.mark.parametrize("objective", LOGARITHMIC, ids=lambda o: type(o).__name__)
def test_the_value_of_the_game_is_minus_log_four_where_p_is_q(objective):
    """Goodfellow et al. 2014, theorem 1; elsewhere it is higher by twice the Jensen-Shannon divergence."""
    p, q = densities()
    at_best = (p / (p + q)).logit()
    assert -value(objective, torch.zeros_like(p), p, p).item() == pytest.approx(-math.log(4), abs=1e-9)
    middle = (p + q) / 2
    divergence = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    wanted = -math.log(4) + 2 * divergence.item()
    assert -value(objective, at_best, p, q).item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: type(o).__name__)
def test_gradients_are_those_of_finite_differences(objective):
    scores = [torch.tensor([0.7, -0.4, 2.1], dtype=torch.float64, requires_grad=True), FAKE.double()]
    scores[1].requires_grad_(True)
    assert torch.autograd.gradcheck(objective.discriminator_loss, scores)
    assert torch.autograd.gradcheck(objective.generator_loss, scores[1:])
