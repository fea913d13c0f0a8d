import pytest
import torch

from partly.errors import BadOption
from partly.training.augment.adversarial.ada import (
    TRANSFORMS,
    AdaptiveAugmentation,
    AdaptiveStrength,
    AdaTransforms,
)

SURE, FOOLED = torch.full((8,), 3.0), torch.full((8,), -3.0)


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=16, size=32):
    return torch.rand(n, 3, size, size, generator=random(9)) * 2 - 1


@pytest.mark.parametrize("name", TRANSFORMS)
def test_at_p_0_nothing_changes_and_at_1_nearly_all(name):
    transforms = TRANSFORMS[name]
    assert torch.equal(transforms(images(), 0.0, random()), images())
    changed = transforms(images(), 1.0, random())
    assert changed.shape == images().shape
    assert (changed != images()).flatten(1).any(1).sum() >= 14
    assert torch.equal(transforms(images(), 1.0, random()), changed)


def test_pictures_that_draw_nothing_stay_bit_for_bit():
    n, p = 1000, 0.05
    before = images(n, 8)
    after = AdaTransforms()(before, p, random())
    untouched = (after == before).flatten(1).all(1).float().mean().item()
    # Of the twelve changes three draw "none" now and then.
    assert untouched == pytest.approx((1 - p) ** 9 * (1 - p / 2) ** 2 * (1 - 3 * p / 4), abs=0.06)


def test_sets_have_the_groups_of_their_letters():
    assert TRANSFORMS["bgc"] == AdaTransforms()
    groups = {
        name: [t.geometric, t.colour, t.filtering, t.corruption].count(None) for name, t in TRANSFORMS.items()
    }
    assert groups == {"b": 3, "bg": 3, "bgc": 2, "bgcf": 1, "bgcfn": 0, "bgcfnc": 0}
    assert TRANSFORMS["bgcfn"].corruption.cutout == 0


def test_half_precision_around_it_does_not_reach_the_places_of_pixels():
    with torch.autocast("cpu", torch.bfloat16):
        changed = AdaTransforms()(images(), 0.8, random())
    assert torch.equal(changed, AdaTransforms()(images(), 0.8, random()))


def test_gradients_go_through_all_twice():
    seen = images(8).requires_grad_(True)
    scores = TRANSFORMS["bgcfnc"](seen, 0.8, random()).sin().sum((1, 2, 3))
    [slopes] = torch.autograd.grad(scores.sum(), seen, create_graph=True)
    [second] = torch.autograd.grad(slopes.square().sum(), seen)
    assert second.isfinite().all()
    assert (slopes != 0).float().mean() > 0.6
    assert second.abs().max() > 0


def test_p_grows_while_the_discriminator_is_sure_and_shrinks_when_it_is_not():
    strength = AdaptiveStrength(AdaptiveAugmentation(n_photos=320, first_p=0.5))
    seen = []
    for scores in [SURE] * 8 + [FOOLED] * 12:
        strength.watch(scores)
        seen.append(round(strength.p.item(), 6))
    # Every four batches of 8, by 32 of 320 photos.
    assert seen == [0.5] * 3 + [0.6] * 4 + [0.7] * 4 + [0.6] * 4 + [0.5] * 4 + [0.4]


def test_p_goes_from_0_to_1_in_as_many_photos_as_said():
    strength = AdaptiveStrength(AdaptiveAugmentation())
    batch = torch.ones(1000)
    for _ in range(248):
        strength.watch(batch)
    assert strength.p.item() == pytest.approx(248_000 / 500_000)
    for _ in range(252):
        strength.watch(batch)
    assert strength.p.item() == pytest.approx(1)
    for _ in range(8):
        strength.watch(batch)
    assert strength.p.item() == 1


def test_p_stays_at_0_and_on_target():
    strength = AdaptiveStrength(AdaptiveAugmentation(every=1, n_photos=100))
    strength.watch(FOOLED)
    assert strength.p.item() == 0
    # Eight of ten right: a mean of signs of 0.6.
    on_target = torch.tensor([1.0] * 8 + [-1.0] * 2)
    strength = AdaptiveStrength(AdaptiveAugmentation(every=1, n_photos=100, first_p=0.5))
    strength.watch(on_target)
    assert strength.p.item() == 0.5
    strength.watch(torch.tensor([1.0] * 9 + [-1.0]))
    assert strength.p.item() == pytest.approx(0.6)
    strength.watch(torch.tensor([0.1] * 7 + [-1.0] * 3))
    assert strength.p.item() == pytest.approx(0.5)


def test_signs_are_averaged_over_the_batches_between():
    strength = AdaptiveStrength(AdaptiveAugmentation(every=2, n_photos=100, first_p=0.5))
    strength.watch(SURE)
    assert strength.signs.tolist() == [8, 8]
    strength.watch(FOOLED[:4, None])
    assert strength.p.item() == pytest.approx(0.5 - 0.12)
    assert strength.signs.tolist() == [0, 0]


def test_a_photo_with_a_map_of_scores_is_one_photo():
    """Photos are counted, as the steps of ``p`` are said in them, and not places."""
    strength = AdaptiveStrength(AdaptiveAugmentation(every=2, n_photos=100, first_p=0.5))
    scores = torch.ones(4, 2, 2, 2)
    scores[0, 0] = -1
    strength.watch(scores)
    assert strength.signs.tolist() == [3, 4]
    strength.watch(torch.ones(4, 2, 2, 2))
    assert strength.p.item() == pytest.approx(0.5 + 8 / 100)


def test_halves_of_a_batch_say_together_what_the_batch_says():
    """So several processes can add up their signs."""
    scores = torch.randn(16, generator=random())
    whole, left, right = (AdaptiveStrength(AdaptiveAugmentation(every=9)) for _ in range(3))
    whole.watch(scores)
    left.watch(scores[:8])
    right.watch(scores[8:])
    assert torch.equal(whole.signs, left.signs + right.signs)


def test_what_it_remembers_is_in_its_state():
    one = AdaptiveStrength(AdaptiveAugmentation(first_p=0.1))
    other = AdaptiveStrength(AdaptiveAugmentation(first_p=0.1))
    for _ in range(6):
        one.watch(SURE)
    other.load_state_dict(one.state_dict())
    for strength in (one, other):
        strength.watch(SURE)
        strength.watch(SURE)
    assert one.p.item() == other.p.item() > 0.1
    assert torch.equal(one(images(), random()), other(images(), random()))


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"target": 1.0}, "target is 1.0; expected a mean of signs, between -1 and 1"),
        ({"first_p": -0.1}, "first_p is -0.1; expected a probability from 0 to 1"),
        ({"every": 0}, "every is 0; expected 1 or more"),
        ({"n_photos": 0}, "n_photos is 0; expected 1 or more"),
    ],
)
def test_choices_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        AdaptiveAugmentation(**choice)
