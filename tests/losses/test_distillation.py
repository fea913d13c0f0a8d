import math

import pytest
import torch

from partly.losses.label_losses import bias_correction, part_weights_from_frequencies, soft_cross_entropy


def naive(logits, targets, part_weights, picture_weights, mask):
    total, weight = 0.0, 0.0
    b, k, h, w = logits.shape
    for i in range(b):
        for y in range(h):
            for x in range(w):
                scores = logits[i, :, y, x].double()
                log_q = scores - scores.exp().sum().log()
                loss = -sum(float(part_weights[c] * targets[i, c, y, x] * log_q[c]) for c in range(k))
                here = float(picture_weights[i] * mask[i, 0, y, x])
                total, weight = total + here * loss, weight + here
    return total / weight


def test_equals_the_sum_over_pixels():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    targets = torch.randn(2, 3, 4, 5, generator=generator).softmax(1)
    part_weights, picture_weights = torch.tensor([0.5, 1.0, 3.0]), torch.tensor([1.0, 0.25])
    mask = (torch.rand(2, 1, 4, 5, generator=generator) > 0.3).float()
    loss = soft_cross_entropy(
        logits, targets, part_weights=part_weights, picture_weights=picture_weights, mask=mask
    )
    assert loss.item() == pytest.approx(naive(logits, targets, part_weights, picture_weights, mask), abs=1e-5)


def test_is_least_where_the_network_says_what_the_teacher_says():
    scores = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    entropy = -(scores.softmax(1) * scores.log_softmax(1)).sum(1).mean()
    assert soft_cross_entropy(scores, scores.softmax(1)).item() == pytest.approx(entropy.item(), abs=1e-6)
    assert soft_cross_entropy(scores + 0.1 * torch.randn_like(scores), scores.softmax(1)) > entropy


def test_nothing_counts_gives_zero_and_not_nan():
    scores = torch.randn(1, 2, 3, 3, requires_grad=True)
    loss = soft_cross_entropy(scores, torch.full((1, 2, 3, 3), 0.5), mask=torch.zeros(1, 1, 3, 3))
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(scores.grad).all()


def test_part_weights_follow_the_power_and_average_to_one_over_pixels():
    frequencies = torch.tensor([0.9, 0.09, 0.01])
    weights = part_weights_from_frequencies(frequencies, 0.5)
    assert (weights * frequencies).sum().item() == pytest.approx(1)
    assert (weights[2] / weights[0]).item() == pytest.approx(math.sqrt(90), rel=1e-4)
    assert torch.allclose(part_weights_from_frequencies(frequencies, 0), torch.ones(3))


def test_a_part_that_never_occurs_has_a_finite_weight():
    assert torch.isfinite(part_weights_from_frequencies(torch.tensor([1.0, 0.0]), 1)).all()


def test_all_of_the_bias_taken_out_gives_the_teacher_back():
    share = torch.tensor([0.7, 0.25, 0.05])
    weights = torch.tensor([0.5, 1.5, 4.0])
    weighted_optimum = (weights * share / (weights * share).sum()).log()
    corrected = weighted_optimum + bias_correction(weights, 1)
    assert torch.allclose(corrected.softmax(0), share, atol=1e-6)


def test_no_fraction_changes_nothing_and_the_correction_has_mean_zero():
    weights = torch.tensor([0.5, 1.5, 4.0])
    assert torch.equal(bias_correction(weights, 0), torch.zeros(3))
    assert bias_correction(weights, 0.5).mean().item() == pytest.approx(0, abs=1e-7)
