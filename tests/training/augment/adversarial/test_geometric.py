import math

import pytest
import torch
import torch.nn.functional as F

from partly.training.augment.adversarial.geometric import Geometric, rotation, scaling, translation

NONE = dict.fromkeys(
    ("mirror", "quarter_turn", "shift", "scale", "rotation", "stretch", "fractional_shift"), 0.0
)


def only(*names):
    return Geometric(**NONE | dict.fromkeys(names, 1.0))


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=64, height=16, width=16):
    return torch.rand(n, 3, height, width, generator=random(9)) * 2 - 1


def kinds(before, after, candidates):
    """For each picture, which of the candidates it became, bit for bit."""
    found = []
    for one, other in zip(before, after, strict=True):
        matches = [i for i, candidate in enumerate(candidates) if torch.equal(candidate(one), other)]
        assert matches
        found.append(matches[0])
    return found


def test_nothing_drawn_changes_nothing():
    assert torch.equal(Geometric(**NONE)(images(), 1.0, random()), images())


def test_mirroring_is_exact_and_half_of_the_time():
    before = images(400)
    found = kinds(before, only("mirror")(before, 1.0, random()), [lambda x: x, lambda x: x.flip(-1)])
    assert 160 < sum(found) < 240


def test_quarter_turns_are_exact_and_all_alike_often():
    before = images(400)
    turns = [lambda x, k=k: torch.rot90(x, k, (1, 2)) for k in range(4)]
    found = kinds(before, only("quarter_turn")(before, 1.0, random()), turns)
    assert all(70 < found.count(k) < 130 for k in range(4))


def test_pictures_that_are_not_square_turn_by_half():
    before = images(100, 12, 20)
    found = kinds(
        before, only("quarter_turn")(before, 1.0, random()), [lambda x: x, lambda x: x.flip((-1, -2))]
    )
    assert 30 < sum(found) < 70


def test_whole_shifts_are_rolls_with_reflection():
    before = images(200)

    def shift(dy, dx):
        def moved(one):
            padded = F.pad(one[None], (2, 2, 2, 2), mode="reflect")[0]
            return torch.roll(padded, (dy, dx), (1, 2))[:, 2:-2, 2:-2]

        return moved

    shifts = [shift(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
    found = kinds(before, only("shift")(before, 1.0, random()), shifts)
    assert len(set(found)) > 20


def test_blits_together_are_exact_too():
    """Mirrored, then turned, then shifted: the first named is what happens first to the picture."""
    before = images(300)

    def all_three(flip, turns, dy, dx):
        def changed(one):
            one = torch.rot90(one.flip(-1) if flip else one, turns, (1, 2))
            one = F.pad(one[None], (2, 2, 2, 2), mode="reflect")[0]
            return torch.roll(one, (dy, dx), (1, 2))[:, 2:-2, 2:-2]

        return changed

    candidates = [
        all_three(flip, turns, dy, dx)
        for flip in (0, 1)
        for turns in range(4)
        for dy in range(-2, 3)
        for dx in range(-2, 3)
    ]
    found = kinds(
        before[:40], only("mirror", "quarter_turn", "shift")(before, 1.0, random())[:40], candidates
    )
    assert len(set(found)) > 20


@pytest.mark.parametrize(
    ("name", "p", "changed"),
    [
        ("mirror", 0.4, 0.2),
        ("quarter_turn", 0.4, 0.3),
        # One of 17 whole shifts along each axis is none, the outermost are half as likely.
        ("shift", 0.4, 0.4 * (1 - 1 / 16**2)),
        ("scale", 0.3, 0.3),
        ("rotation", 0.3, 0.3),
        ("stretch", 0.7, 0.7),
        ("fractional_shift", 0.3, 0.3),
    ],
)
def test_as_many_are_changed_as_p_says(name, p, changed):
    n = 4000
    chosen = only(name)
    matrices = chosen.blits(n, (64, 64), p, random()) @ chosen.maps(n, (64, 64), p, random(1))
    found = (matrices != torch.eye(3)).any(2).any(1).float().mean().item()
    # Four deviations of a binomial share.
    assert found == pytest.approx(changed, abs=4 * math.sqrt(changed * (1 - changed) / n))


def test_strengths_count():
    matrices = Geometric(scale=0.5).maps(4000, (64, 64), 0.0, random())
    assert torch.equal(matrices, torch.eye(3).double().expand(4000, 3, 3))
    matrices = Geometric(**NONE | {"scale": 0.5}).maps(4000, (64, 64), 1.0, random())
    assert (matrices[:, 0, 0] != 1).float().mean() == pytest.approx(0.5, abs=0.04)


def test_general_maps_are_spread_as_in_the_paper():
    n, size = 20_000, (32, 64)
    scales = only("scale").maps(n, size, 1.0, random())
    assert torch.equal(scales[:, 0, 0], scales[:, 1, 1])
    assert scales[:, 0, 0].log2().std() == pytest.approx(0.2, rel=0.03)
    assert scales[:, 0, 0].log2().mean() == pytest.approx(0, abs=0.01)
    stretches = only("stretch").maps(n, size, 1.0, random())
    assert (stretches[:, 0, 0] * stretches[:, 1, 1] - 1).abs().max() < 1e-6
    assert stretches[:, 0, 0].log2().std() == pytest.approx(0.2, rel=0.03)
    shifts = only("fractional_shift").maps(n, size, 1.0, random())[:, :2, 2]
    assert shifts.std(0).tolist() == pytest.approx([8.0, 4.0], rel=0.03)
    turned = only("rotation").maps(n, size, 1.0, random())[:, :2, :2]
    angles = torch.atan2(turned[:, 1, 0], turned[:, 0, 0])
    assert (turned @ turned.mT - torch.eye(2)).abs().max() < 1e-6
    assert angles.std() == pytest.approx(math.pi / math.sqrt(3), rel=0.03)


def test_the_parts_of_a_general_map_come_in_order():
    """``p = (scale, rotate, stretch, rotate, shift)``: the inverses, from the last to the first place."""
    maps = Geometric().maps(50, (16, 16), 1.0, random())
    assert maps[:, 2].tolist() == [[0, 0, 1]] * 50
    # A stretch keeps areas, so that the determinant is that of the scale.
    deviation = maps[:, :2, :2].det().log2().std().item()
    assert deviation == pytest.approx(0.4, rel=0.3)


def test_a_shift_goes_right_and_down():
    """Positive draws move the picture to larger x and y: what is read lies to the left, and above."""

    class Shifting(Geometric):
        def maps(self, n, size, p, random):
            return translation(torch.full((n,), -1.0), torch.full((n,), -2.0)).double()

    before = images(1)
    after = Shifting(**NONE)(before, 1.0, random())
    assert (after[..., 2:, 1:] - before[..., :-2, :-1]).abs().max() < 1e-5


def test_upright_sideways_and_turned_pictures_agree_with_the_one_resampler(monkeypatch):
    """Lines are a shorter way to the same picture."""
    from partly.training.augment.adversarial import geometric

    before = images(40)
    chosen = Geometric(rotation=0.5)
    shorter = chosen(before, 0.8, random())
    monkeypatch.setattr(geometric, "_turned", lambda matrices: torch.ones(len(matrices), dtype=torch.bool))
    assert (chosen(before, 0.8, random()) - shorter).abs().max() < 1e-4


def test_gradients_agree_with_finite_differences():
    small = images(3, 4, 4).double().requires_grad_(True)
    chosen = Geometric(rotation=0.5)
    torch.autograd.gradcheck(lambda x: chosen(x, 1.0, random(2)), small, fast_mode=True)
    torch.autograd.gradgradcheck(lambda x: chosen(x, 1.0, random(2)).square(), small, fast_mode=True)


def test_matrices():
    x, y = torch.tensor([2.0]), torch.tensor([3.0])
    place = torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64)
    assert (scaling(x, y)[0] @ place).tolist() == [2, 3, 1]
    assert (translation(x, y)[0] @ place).tolist() == [3, 4, 1]
    assert (rotation(torch.tensor([math.pi / 2]))[0] @ place).tolist() == pytest.approx([-1, 1, 1])
