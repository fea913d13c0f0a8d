import pytest
import torch

from partly.errors import BadOption
from partly.losses.rounds import Ask, Judgement, Lazy, Round, Together, total
from partly.losses.slope_penalties import R1, GradientPenalty, PathLength, squared_slopes


@pytest.fixture
def discriminator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.Softplus(), torch.nn.Linear(8, 1)
        ).double()
    return lambda x: network(x)[:, 0]


def pictures(n, seed):
    return torch.randn(n, 3, 2, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seen_by(discriminator, photos, made, seed=0, memory=None):
    """A round whose players can be asked."""
    random = torch.Generator().manual_seed(seed)
    ask = Ask(lambda images: Judgement(discriminator(images)), lambda _purpose: random, memory or {})
    return Round(photos, made, ask=ask)


def penalty_of(penalty, discriminator, photos, made, seed=0):
    return total(penalty.discriminator_terms(seen_by(discriminator, photos, made, seed)))


def path_length_of(penalty, made, mean, seed):
    """The penalty, and the new mean, of (pictures, latents)."""
    memory = {"mean_path_length": mean}
    ask = Ask(
        random=lambda _purpose: torch.Generator().manual_seed(seed),
        memory=memory,
        generate=lambda _share: made,
    )
    terms = penalty.generator_terms(Round(made[0], made[0], ask=ask))
    return terms["path length"], memory["mean_path_length"]


def slopes_by_differences(function, at, step=1e-5):
    """Central differences of a scalar for each picture."""
    found = torch.zeros_like(at)
    for i in range(at[0].numel()):
        shift = torch.zeros_like(at).flatten(1)
        shift[:, i] = step
        shift = shift.view_as(at)
        found.flatten(1)[:, i] = (function(at + shift) - function(at - shift)).detach() / (2 * step)
    return found


def test_slopes_are_those_of_finite_differences(discriminator):
    at = pictures(5, 0)
    wanted = slopes_by_differences(discriminator, at).square().flatten(1).sum(1)
    torch.testing.assert_close(squared_slopes(discriminator, at).detach(), wanted, rtol=1e-6, atol=1e-9)


def test_r1_is_half_gamma_times_the_mean_squared_slope(discriminator):
    photos, made = pictures(5, 0), pictures(5, 1)
    wanted = 1.5 * slopes_by_differences(discriminator, photos).square().flatten(1).sum(1).mean()
    found = penalty_of(R1(3.0), discriminator, photos, made)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-6)


def test_gradient_penalty_looks_between_photos_and_pictures(discriminator):
    photos, made = pictures(5, 0), pictures(5, 1)
    found = penalty_of(GradientPenalty(7.0), discriminator, photos, made, 3)
    shares = torch.rand((5, 1, 1, 1), generator=torch.Generator().manual_seed(3)).double()
    slopes = slopes_by_differences(discriminator, shares * photos + (1 - shares) * made)
    wanted = 7 * (slopes.flatten(1).norm(dim=1) - 1).square().mean()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()], ids=lambda p: type(p).__name__)
def test_a_penalty_can_be_learned_from(penalty):
    weight = torch.tensor([3.0, -2.0], dtype=torch.float64, requires_grad=True)

    def critic(x):
        return x @ weight

    loss = penalty_of(penalty, critic, torch.randn(4, 2).double(), torch.randn(4, 2).double())
    [gradient] = torch.autograd.grad(loss, weight)
    # Both hold a slope of more than one down.
    assert (gradient * weight > 0).all()


def test_a_slope_of_one_costs_nothing():
    photos, made = torch.randn(4, 2), torch.randn(4, 2)
    loss = penalty_of(GradientPenalty(), lambda x: x[:, 0], photos, made)
    assert loss.item() == pytest.approx(0, abs=1e-9)


def test_a_flat_critic_has_a_finite_gradient():
    weight = torch.zeros(2, requires_grad=True)
    loss = penalty_of(GradientPenalty(), lambda x: x @ weight, torch.randn(4, 2), torch.randn(4, 2))
    [gradient] = torch.autograd.grad(loss, weight)
    assert loss.item() == pytest.approx(10, rel=1e-4)
    assert gradient.isfinite().all()


def test_penalties_together_draw_one_after_another(discriminator):
    photos, made = pictures(5, 0), pictures(5, 1)
    seen = seen_by(discriminator, photos, made, 3)
    terms = Together((R1(3.0), GradientPenalty(7.0))).discriminator_terms(seen)
    one, other = (penalty_of(p, discriminator, photos, made, 3) for p in (R1(3.0), GradientPenalty(7.0)))
    torch.testing.assert_close(dict(terms), {"R1 penalty": one, "gradient penalty": other})
    assert total(terms).item() == pytest.approx((one + other).item())
    assert Together((R1(), GradientPenalty())).generator_terms(seen) == {}
    assert PathLength().discriminator_terms(seen) == {}


@pytest.mark.parametrize("every", [0, -1])
def test_a_penalty_that_is_never_counted(every):
    with pytest.raises(BadOption, match=f"every is {every}; expected 1 or more"):
        Lazy(R1(), every)


def test_a_round_without_players_cannot_be_asked():
    with pytest.raises(TypeError, match="this round has no players that could be asked"):
        R1().discriminator_terms(Round(torch.zeros(1), torch.zeros(1)))


def linear_generator(scale):
    """Pictures [b, 1, 4, 4] of w [b, l, v], linear in it."""
    matrix = scale * torch.randn(3 * 2, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return lambda w: (w.flatten(1) @ matrix).view(-1, 1, 4, 4)


def test_path_lengths_are_those_of_finite_differences():
    generate = linear_generator(1.0)
    w = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
    mean = torch.tensor(0.4, dtype=torch.float64)
    found, new_mean = path_length_of(PathLength(2.0, 0.5), (generate(w), w), mean, 5)

    noise = torch.randn((4, 1, 4, 4), generator=torch.Generator().manual_seed(5)).double() / 4
    slopes = slopes_by_differences(lambda x: (generate(x) * noise).flatten(1).sum(1), w.detach())
    lengths = slopes.square().sum(2).mean(1).sqrt()
    assert new_mean.item() == pytest.approx((0.5 * 0.4 + 0.5 * lengths.mean()).item(), rel=1e-6)
    wanted = 2 * (lengths - new_mean).square().mean()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-6)
    assert not new_mean.requires_grad


def test_path_length_can_be_learned_from():
    w = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
    scale = torch.ones((), dtype=torch.float64, requires_grad=True)
    loss, _ = path_length_of(
        PathLength(), (scale * linear_generator(1.0)(w), w), torch.zeros((), dtype=torch.float64), 0
    )
    [gradient] = torch.autograd.grad(loss, scale)
    # Lengths are above their running mean, which has only begun.
    assert gradient > 0
