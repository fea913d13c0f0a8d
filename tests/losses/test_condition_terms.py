import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadOption
from partly.losses.condition_terms import (
    INFORMATION,
    AuxiliaryClassifier,
    InformationBound,
    InformationOfChanged,
    code_information,
)
from partly.losses.rounds import Ask, Judgement, Objective, Round, total

PLACES = torch.tensor([2, 0, 1, 1])
ONES = F.one_hot(PLACES, 3).float()
LOGITS = torch.tensor([[0.1, 2.0, -1.0], [3.0, 0.0, 0.5], [0.0, 1.0, 1.0], [-2.0, 0.3, 0.7]])
NONE = torch.zeros(4)


def round_of_classes(condition, photos=LOGITS, pictures=LOGITS + 1) -> Round:
    real, fake = (Judgement(NONE, heads={"class": logits}) for logits in (photos, pictures))
    return Round(NONE, NONE, real, fake, condition=condition)


def test_the_classifier_counts_photos_and_pictures_for_the_discriminator_and_pictures_for_the_generator():
    pictures = LOGITS.flip(1)
    seen = round_of_classes(ONES, LOGITS, pictures)
    of_photos, of_pictures = F.cross_entropy(LOGITS, PLACES), F.cross_entropy(pictures, PLACES)
    both = AuxiliaryClassifier(weight=2.0)
    assert isinstance(both, Objective)
    found = both.discriminator_terms(seen)
    torch.testing.assert_close(found["class of photos"], 2 * of_photos)
    torch.testing.assert_close(found["class of pictures"], 2 * of_pictures)
    torch.testing.assert_close(dict(both.generator_terms(seen)), {"class of pictures": 2 * of_pictures})


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_classifier_counts_as_much_as_the_condition(weight):
    found = total(AuxiliaryClassifier().discriminator_terms(round_of_classes(weight * ONES)))
    torch.testing.assert_close(found, weight * 2 * F.cross_entropy(LOGITS, PLACES), atol=1e-6, rtol=1e-5)


def test_a_code_that_is_told_surely_is_worth_its_entropy_and_one_that_is_not_told_nothing():
    codes = torch.eye(10)[torch.arange(200) % 10]
    assert code_information(1e4 * codes, codes).item() == pytest.approx(math.log(10))
    assert code_information(torch.zeros(200, 10), codes).item() == pytest.approx(0, abs=1e-6)
    assert code_information(1e4 * codes.roll(1, 1), codes).item() < -1000


@pytest.mark.parametrize("n", [2, 10, 50])
def test_the_bound_is_never_above_the_entropy_of_the_code(n):
    """Nor above the mutual information, here of a channel that keeps a code or draws another."""
    random = torch.Generator().manual_seed(n)
    codes = torch.randint(n, (4000,), generator=random)
    kept = torch.rand(4000, generator=random) < 0.7
    seen = torch.where(kept, codes, torch.randint(n, (4000,), generator=random))
    right = 0.7 + 0.3 / n
    others = 0.3 / n
    information = math.log(n) + right * math.log(right) + (n - 1) * others * math.log(others)
    ones = F.one_hot(codes, n).float()
    best = torch.full((n, n), others).fill_diagonal_(right).log()[seen]
    assert code_information(best, ones).item() == pytest.approx(information, abs=0.08)
    for sharpness in (0.0, 0.5, 2.0, 20.0):
        found = code_information(sharpness * best + torch.randn(4000, n, generator=random), ones).item()
        assert found < information + 0.08
        assert found <= math.log(n)


def round_of_codes(told, plain=None) -> tuple[Round, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    noise, continuous = torch.randn(4, 5, generator=random), torch.randn(4, 2, generator=random)
    w = torch.cat([noise, continuous, ONES], dim=1)[:, None]
    ask = Ask(judge_plain=plain)
    return Round(NONE, NONE, fake=Judgement(NONE, heads={"code": told}), latents=w, ask=ask), continuous


def test_continuous_codes_are_worth_half_a_nat_each_at_most():
    _, continuous = round_of_codes(torch.zeros(4, 5))
    sure, _ = round_of_codes(torch.cat([100 * ONES, continuous], dim=1))
    bound = InformationBound(3, 2, weight=0.5)
    terms = bound.generator_terms(sure)
    assert terms["information of continuous codes"].item() == pytest.approx(-0.5 * 2 * 0.5)
    assert terms["information of code"].item() == pytest.approx(-0.5 * math.log(3))
    assert sure.ask.memory[INFORMATION].item() == pytest.approx(math.log(3))
    off, _ = round_of_codes(torch.cat([100 * ONES, continuous + 1], dim=1))
    assert bound.discriminator_terms(off)["information of continuous codes"].item() == pytest.approx(0)
    # E log N(c; m, 1) + H(c), with c standard normal.
    square = (continuous - 0.3).square().sum(1).mean()
    wanted = -math.log(2 * math.pi) - square / 2 + math.log(2 * math.pi * math.e)
    some, _ = round_of_codes(torch.cat([LOGITS, torch.full((4, 2), 0.3)], dim=1))
    found = -2 * bound.discriminator_terms(some)["information of continuous codes"]
    torch.testing.assert_close(found, wanted)


def test_without_a_code_the_figure_is_of_the_continuous_ones():
    seen, continuous = round_of_codes(torch.zeros(4, 2))
    seen = Round(NONE, NONE, seen.fake, seen.fake, torch.cat([NONE[:, None], continuous], 1)[:, None])
    InformationBound(0, 2).generator_terms(seen)
    square = continuous.square().sum(1).mean().item()
    assert seen.ask.memory[INFORMATION].item() == pytest.approx((2 - square) / 2)


def test_codes_are_read_from_pictures_that_are_not_augmented():
    plain = Judgement(NONE, heads={"code": 100 * ONES})
    seen, _ = round_of_codes(LOGITS, lambda _: plain)
    found = InformationBound(3).discriminator_terms(seen)["information of code"]
    assert found.item() == pytest.approx(-math.log(3))


@pytest.mark.parametrize("is_augmented", [True, False])
def test_a_code_of_what_survives_changes_is_told_of_changed_pictures(is_augmented):
    """And continuous codes of pictures as they are; what is drawn for the changes is the round's."""
    as_they_are = torch.cat([LOGITS, torch.full((4, 2), 0.3)], dim=1)
    of_changed = torch.cat([100 * ONES, torch.full((4, 2), 9.0)], dim=1)
    drawn = []

    def changes(pictures, random):
        drawn.append(random)
        return pictures + 1

    def judge(pictures):
        return Judgement(NONE, heads={"code": of_changed if pictures.mean() == 1 else as_they_are})

    plain, _ = round_of_codes(as_they_are)
    ask = Ask(**{"judge_plain" if is_augmented else "judge": judge}, random=lambda purpose: purpose)
    seen = replace(plain, pictures=torch.zeros(4, 3, 2, 2), ask=ask)
    terms = InformationOfChanged(3, 2, changes=changes).discriminator_terms(seen)
    assert terms["information of code"].item() == pytest.approx(-math.log(3))
    wanted = InformationBound(3, 2).discriminator_terms(plain)["information of continuous codes"]
    assert terms["information of continuous codes"] == wanted
    assert drawn == ["changes before a code is told"]


def test_the_generator_wants_its_codes_to_be_told():
    told = LOGITS.clone().requires_grad_(True)
    seen, _ = round_of_codes(told)
    [gradient] = torch.autograd.grad(total(InformationBound(3).generator_terms(seen)), told)
    assert (gradient[ONES.bool()] < 0).all()
    assert (gradient[~ONES.bool()] > 0).all()


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ((0, 0), "0 values of a code, 0 continuous codes; expected values of a code, continuous codes, or"),
        ((10, 0, 0.0), "the weight of the information is 0.0; expected more than 0"),
        ((10, 0, math.nan), "the weight of the information is nan; expected more than 0"),
    ],
)
def test_a_bound_of_nothing(choices, text):
    with pytest.raises(BadOption, match=text):
        InformationBound(*choices)
