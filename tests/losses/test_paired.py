import math

import pytest
import torch
import torch.nn.functional as F

from partly.losses.adversarial_losses import Wasserstein
from partly.losses.paired_losses import LossSensitive, Relativistic
from partly.losses.rounds import Ask, Judgement, Objective, Round, total
from tests.losses.test_adversarial import densities

OBJECTIVES = [LossSensitive(), LossSensitive(0.1, 0.3), Relativistic(), Relativistic(0.5)]
REAL = torch.tensor([2.0, -0.5, 0.3], dtype=torch.float64)
FAKE = torch.tensor([-1.5, 0.2, 4.0], dtype=torch.float64)
PHOTOS = torch.randn(3, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PICTURES = torch.randn(3, 3, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def seen(real=REAL, fake=FAKE, photos=PHOTOS, pictures=PICTURES):
    """A round; the discriminator, when asked, says of photos what it said."""
    return Round(photos, pictures, Judgement(real), Judgement(fake), ask=Ask(lambda _images: Judgement(real)))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
class TestContract:
    def test_follows_the_protocol(self, objective):
        assert isinstance(objective, Objective)

    def test_maps_of_one_score_are_that_score(self, objective):
        maps = [scores.view(3, 1, 1).expand(3, 2, 2) for scores in (REAL, FAKE)]
        for player in ("generator_terms", "discriminator_terms"):
            found, wanted = (getattr(objective, player)(one) for one in (seen(*maps), seen()))
            torch.testing.assert_close(dict(found), dict(wanted))
            assert all(term.shape == () for term in found.values())

    def test_players_want_the_opposite(self, objective):
        # Of one pair, so that no score is far from where both still want something.
        real, fake = (torch.full((1,), 0.1, dtype=torch.float64, requires_grad=True) for _ in range(2))
        round_of_one = seen(real, fake, PHOTOS[:1], PICTURES[:1])
        [of_generator] = torch.autograd.grad(total(objective.generator_terms(round_of_one)), fake)
        adversarial = objective.discriminator_terms(round_of_one)["adversarial"]
        of_real, of_fake = torch.autograd.grad(adversarial, [real, fake])
        assert of_generator < 0 < of_fake
        assert of_real < 0

    def test_gradients_are_those_of_finite_differences(self, objective):
        scores = [one.clone().requires_grad_(True) for one in (REAL, FAKE)]

        def discriminator_loss(real, fake):
            return total(objective.discriminator_terms(seen(real, fake)))

        assert torch.autograd.gradcheck(discriminator_loss, scores)
        assert torch.autograd.gradcheck(
            lambda fake: total(objective.generator_terms(seen(fake=fake))), scores[1:]
        )

    def test_extreme_scores_stay_finite(self, objective):
        far = torch.tensor([-1e4, 1e4, 0.0], requires_grad=True)
        for player in ("generator_terms", "discriminator_terms"):
            loss = total(getattr(objective, player)(seen(far, far.flip(0))))
            [gradient] = torch.autograd.grad(loss, far)
            assert loss.isfinite()
            assert gradient.isfinite().all()


def margins(objective):
    return objective.margin * (PHOTOS - PICTURES).abs().sum((1, 2, 3))


def test_a_margin_is_the_distance_of_photo_and_picture():
    """Pair by pair, with L the negative score."""
    objective = LossSensitive(margin=0.25)
    wanted = 0.0
    for real, fake, photo, picture in zip(REAL, FAKE, PHOTOS, PICTURES, strict=True):
        loss_of_photo, loss_of_picture = -real, -fake
        wanted += max(0.0, 0.25 * sum((photo - picture).abs().flatten()) + loss_of_photo - loss_of_picture)
    assert total(objective.discriminator_terms(seen())).item() == pytest.approx(wanted / 3)
    assert total(objective.generator_terms(seen())).item() == pytest.approx(-FAKE.mean().item())


def test_a_converged_discriminator_keeps_the_margin_and_no_more():
    """Where photos and pictures are two points, gradient descent from 0 stops as soon as it is kept."""
    objective = LossSensitive(margin=0.5)
    photos, pictures = torch.zeros(1, 2), torch.tensor([[3.0, -1.0]])
    scores = torch.zeros(2)
    for _ in range(400):
        scores.requires_grad_(True)
        [slope] = torch.autograd.grad(
            total(objective.discriminator_terms(seen(scores[:1], scores[1:], photos, pictures))), scores
        )
        scores = (scores - 0.01 * slope).detach()
    assert (scores[0] - scores[1]).item() == pytest.approx(0.5 * 4, abs=0.03)


def test_a_slope_of_0_is_the_loss_sensitive_one():
    apart = margins(LossSensitive()) + FAKE - REAL
    found = LossSensitive(slope=0).discriminator_terms(seen())
    assert torch.equal(found["adversarial"], F.relu(apart).mean())
    assert LossSensitive(slope=0) == LossSensitive()


def test_a_slope_of_1_is_wasserstein_but_for_a_constant():
    of_pairs, plain = LossSensitive(slope=1), Wasserstein()
    for factor in (1.0, -3.0):
        found = of_pairs.discriminator_terms(seen(factor * REAL, FAKE))["adversarial"]
        wanted = plain.discriminator_loss(factor * REAL, FAKE) + margins(of_pairs).mean()
        torch.testing.assert_close(found, wanted)
    assert of_pairs.generator_terms(seen()) == plain.generator_terms(seen())


def test_a_slope_of_minus_1_takes_absolute_values():
    found = LossSensitive(slope=-1).discriminator_terms(seen())["adversarial"]
    torch.testing.assert_close(found, (margins(LossSensitive()) + FAKE - REAL).abs().mean())


def test_the_generator_is_judged_beside_the_photos_but_learns_of_its_pictures_alone():
    real = REAL.clone().requires_grad_(True)
    terms = Relativistic().generator_terms(seen(real=real, fake=FAKE.clone().requires_grad_(True)))
    wanted = -(FAKE - REAL).sigmoid().log().mean()
    assert total(terms).item() == pytest.approx(wanted.item())
    assert torch.autograd.grad(total(terms), real, allow_unused=True) == (None,)


def test_photos_are_judged_when_nothing_was_said_of_them():
    asked = []

    def judge(images):
        asked.append(images)
        return Judgement(REAL)

    unjudged = Round(PHOTOS, PICTURES, None, Judgement(FAKE), ask=Ask(judge))
    assert Relativistic().generator_terms(unjudged) == Relativistic().generator_terms(seen())
    assert [images is PHOTOS for images in asked] == [True]


def paired_value(objective, scores, p, q):
    """The discriminator's loss where photos are places of probabilities p, pictures of q."""
    n = len(scores)
    real, fake = scores[:, None].expand(n, n).flatten(), scores[None].expand(n, n).flatten()

    def of_pair(of_photo, of_picture):
        return total(objective.discriminator_terms(seen(of_photo[None], of_picture[None])))

    return ((p[:, None] * q[None]).flatten() * torch.vmap(of_pair)(real, fake)).sum()


def converged(objective, p, q, start):
    scores = torch.full_like(p, start, requires_grad=True)
    optimizer = torch.optim.LBFGS([scores], lr=1, max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = paired_value(objective, scores, p, q)
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)
    return scores.detach()


def test_a_converged_relativistic_discriminator_says_log_p_over_q_at_any_level():
    """P(x is the photo of a pair) = p(x) q(y) / (p(x) q(y) + p(y) q(x)) = sigmoid(s(x) - s(y))."""
    p, q = (density[100:300:10] / density[100:300:10].sum() for density in densities())
    found = {start: converged(Relativistic(), p, q, start) for start in (0.0, 5.0)}
    wanted = (p / q).log()
    for scores in found.values():
        torch.testing.assert_close(
            scores - scores.mean(), wanted - wanted.mean(), rtol=0, atol=0.02, check_dtype=False
        )
    assert (found[5.0] - found[0.0]).mean().item() == pytest.approx(5, abs=0.01)


def test_centring_finds_the_level_from_anywhere():
    """Where p is q, all scores are 0 in the end, and the loss is log 2."""
    p = torch.full((6,), 1 / 6, dtype=torch.float64)
    scores = converged(Relativistic(0.01), p, p, 5.0)
    torch.testing.assert_close(scores, torch.zeros_like(scores), rtol=0, atol=1e-3)
    assert paired_value(Relativistic(), scores, p, p).item() == pytest.approx(math.log(2))
    p, q = (density[100:300:10] / density[100:300:10].sum() for density in densities())
    scores = converged(Relativistic(0.01), p, q, 5.0)
    # Photos are above 0 in the mean, and pictures below.
    assert (q * scores).sum() < 0 < (p * scores).sum()
    assert ((p + q) * scores).sum().item() == pytest.approx(0, abs=0.05)
