import math

import pytest
import torch

from partly.errors import BadOption
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.matched_features import FeatureMatching, SemiSupervised
from partly.losses.rounds import Ask, Judgement, Objective, Round, total


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def judgement(seed, n=4, logits=None):
    scores = draw(n, seed=seed) if logits is None else logits.logsumexp(1)
    heads = {} if logits is None else {"class": logits}
    return Judgement(scores, (draw(n, 9, seed=seed), draw(n, 2, 3, 3, seed=seed + 1)), heads)


def seen(real, fake, condition=None, **ask):
    return Round(draw(4, 3, 2, 2), draw(4, 3, 2, 2), real, fake, condition=condition, ask=Ask(**ask))


@pytest.mark.parametrize(("norm", "distance"), [(1, torch.abs), (2, torch.square)])
def test_means_of_the_last_features_are_compared(norm, distance):
    real, fake = judgement(0), judgement(5)
    differences = []
    for place in range(2 * 3 * 3):
        of_photos, of_pictures = (
            sum(float(maps.flatten()[place]) for maps in one.features[-1]) / 4 for one in (real, fake)
        )
        differences.append(distance(torch.tensor(of_pictures - of_photos)).item())
    terms = FeatureMatching(norm).generator_terms(seen(None, fake, judge=lambda _: real))
    assert terms.keys() == {"feature matching"}
    assert total(terms).item() == pytest.approx(sum(differences) / len(differences), rel=1e-5)


def test_pictures_with_the_features_of_photos_cost_nothing_and_scores_do_not_count():
    real = judgement(0)
    shuffled = Judgement(draw(4, seed=9), tuple(maps.flip(0) for maps in real.features))
    terms = FeatureMatching().generator_terms(seen(None, shuffled, judge=lambda _: real))
    assert total(terms).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("norm", [1, 2])
def test_gradients_are_those_of_finite_differences_and_those_of_photos_are_none(norm):
    real, maps = judgement(0), draw(4, 2, 3, 3, seed=7).requires_grad_(True)
    photos = real.features[-1].requires_grad_(True)

    def loss(features):
        fake = Judgement(draw(4), (features,))
        return total(FeatureMatching(norm).generator_terms(seen(None, fake, judge=lambda _: real)))

    assert torch.autograd.gradcheck(loss, [maps])
    assert torch.autograd.grad(loss(maps), photos, allow_unused=True) == (None,)


def test_means_are_those_of_all_processes():
    """What :meth:`Ask.mean` says counts, in the photos' mean and in the pictures'."""
    real, fake = judgement(0), judgement(5)
    terms = FeatureMatching(2).generator_terms(
        seen(None, fake, judge=lambda _: real, mean=lambda value: value * 3)
    )
    alone = FeatureMatching(2).generator_terms(seen(None, fake, judge=lambda _: real))
    assert total(terms).item() == pytest.approx(9 * total(alone).item())


def test_the_discriminator_plays_as_ever():
    round_of_both = seen(judgement(0), judgement(5))
    assert FeatureMatching().discriminator_terms(round_of_both) == NonSaturating().discriminator_terms(
        round_of_both
    )
    assert isinstance(FeatureMatching(), Objective)


def test_another_norm():
    with pytest.raises(BadOption, match="norm is 3; expected 1 or 2"):
        FeatureMatching(3)


LABELS = torch.tensor([[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]).double()


def test_the_terms_of_a_classifier_are_those_of_k_and_one_probabilities():
    """With a logit of 0 for "generated", by a softmax over K + 1 classes."""
    real, fake = draw(4, 3, seed=1), draw(4, 3, seed=2)
    terms = SemiSupervised().discriminator_terms(
        seen(judgement(0, logits=real), judgement(5, logits=fake), LABELS)
    )
    of_photos, of_pictures = (torch.cat([one, one.new_zeros(4, 1)], 1).softmax(1) for one in (real, fake))
    within = of_photos[:, :3] / of_photos[:, :3].sum(1, keepdim=True)
    labels = -(math.log(within[1, 1]) + math.log(within[3, 2])) / 2
    unsupervised = -(1 - of_photos[[0, 2], 3]).log().mean() / 2 - of_pictures[:, 3].log().mean() / 2
    assert terms["labels"].item() == pytest.approx(labels, rel=1e-6)
    assert terms["adversarial"].item() == pytest.approx(unsupervised.item(), rel=1e-6)
    weighted = SemiSupervised(labels_weight=2.0).discriminator_terms(
        seen(judgement(0, logits=real), judgement(5, logits=fake), LABELS)
    )
    assert weighted["labels"].item() == pytest.approx(2 * labels, rel=1e-6)


def test_a_batch_without_labels_has_the_unsupervised_terms_alone():
    both = judgement(0, logits=draw(4, 3)), judgement(5, logits=draw(4, 3, seed=1))
    terms = SemiSupervised().discriminator_terms(seen(*both, torch.zeros(4, 3).double()))
    assert terms["labels"].item() == 0
    wanted = NonSaturating().discriminator_terms(seen(*both))["adversarial"] / 2
    torch.testing.assert_close(terms["adversarial"], wanted)


SURE = torch.tensor([[4.0, 0, 0], [1.0, 0.9, 0], [0, 0.5, 0.4], [0, 0, 5.0], [6, 0, 0], [0, 6, 0]]).double()


def test_of_pairs_each_is_to_be_of_the_class_that_is_sure_of_the_other():
    """Of the first pair the first photo is sure, of the second the second; the third has labels."""
    labels = torch.zeros(6, 3).double()
    labels[4:, 0] = 1
    both = judgement(0, 6, SURE), judgement(5, 6, draw(6, 3, seed=2))
    objective = SemiSupervised(pairs_weight=2.0, sure_above=0.9)
    terms = objective.discriminator_terms(seen(*both, labels))
    shares = SURE.softmax(1)
    wanted = -2 * (math.log(shares[1, 0]) + math.log(shares[2, 2])) / 4
    assert terms["pairs"].item() == pytest.approx(wanted, rel=1e-6)
    without = SemiSupervised().discriminator_terms(seen(*both, labels))
    assert {name: terms[name] for name in without} == without


def test_what_is_sure_of_a_pair_learns_nothing_from_it():
    logits = SURE[:2].clone().requires_grad_(True)
    terms = SemiSupervised(pairs_weight=1.0).discriminator_terms(
        seen(judgement(0, 2, logits), judgement(5, 2, draw(2, 3)), torch.zeros(2, 3).double())
    )
    terms["pairs"].backward()
    assert logits.grad[0].eq(0).all()
    wanted = torch.autograd.functional.jacobian(lambda one: -one.log_softmax(0)[0] / 2, SURE[1])
    torch.testing.assert_close(logits.grad[1], wanted)


@pytest.mark.parametrize("with_labels", [[0, 1, 0, 0], [1, 0, 0]])
def test_photos_that_do_not_come_in_pairs(with_labels):
    n = len(with_labels)
    labels = torch.tensor(with_labels)[:, None] * torch.ones(n, 3).double() / 3
    both = judgement(0, n, draw(n, 3)), judgement(5, n, draw(n, 3))
    with pytest.raises(
        BadOption, match=f"{n} photos, of which 1 have labels; expected photos without labels"
    ):
        SemiSupervised(pairs_weight=1.0).discriminator_terms(seen(*both, labels))


@pytest.mark.parametrize(
    ("choice", "told"),
    [({"pairs_weight": -1.0}, "weight of pairs is -1.0"), ({"sure_above": 1.0}, "sure_above is 1.0")],
)
def test_weights_and_probabilities_that_are_none(choice, told):
    with pytest.raises(BadOption, match=told):
        SemiSupervised(**choice)


def test_the_generator_of_a_classifier_matches_features():
    real, fake = judgement(0), judgement(5)
    objective, ask = SemiSupervised(FeatureMatching(2)), {"judge": lambda _: real}
    found = objective.generator_terms(seen(None, fake, **ask))
    assert found == FeatureMatching(2).generator_terms(seen(None, fake, **ask))
    assert isinstance(objective, Objective)


def test_gradients_of_a_classifier_are_those_of_finite_differences():
    def loss(real, fake):
        of_both = judgement(0, logits=real), judgement(5, logits=fake)
        return total(SemiSupervised().discriminator_terms(seen(*of_both, LABELS)))

    logits = [draw(4, 3, seed=seed).requires_grad_(True) for seed in (1, 2)]
    assert torch.autograd.gradcheck(loss, logits)
