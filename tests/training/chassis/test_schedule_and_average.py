import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from partly.training.chassis.averaged_weights import ema_decay, update_ema
from partly.training.chassis.clock import Clock
from partly.training.segmentation.auto_shot_config import Stage, learning_rate_factor, size_at


def test_learning_rate_rises_then_falls():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([(i + 1) / 11 for i in range(10)])
    assert factors[10] == 1
    assert factors[-1] == pytest.approx(0.01)
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[10 + 44] == pytest.approx(0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * 44 / 89)))


def test_one_step_is_a_step_at_full_rate():
    assert learning_rate_factor(0, 1, 0.0) == 1


def test_sizes_by_shares():
    stages = (Stage(0.7, 128), Stage(0.3, 192))
    sizes = [size_at(step, 10, stages) for step in range(10)]
    assert sizes == [128] * 7 + [192] * 3
    assert [size_at(step, 3, (Stage(2, 64), Stage(1, 96))) for step in range(3)] == [64, 64, 96]


def test_average_forgets_half_in_its_half_life():
    assert ema_decay(10_000, 20) ** 20 == pytest.approx(0.5)
    assert ema_decay(0, 20) == pytest.approx(0.1)


def test_average_of_weights_and_of_running_statistics():
    network, average = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        network.weight.fill_(3)
        network.running_mean.fill_(4)
        network.num_batches_tracked.fill_(7)
    update_ema(average, network, 0.75)
    assert average.weight.tolist() == pytest.approx([1.5, 1.5])
    assert average.running_mean.tolist() == pytest.approx([1, 1])
    assert average.num_batches_tracked == 7


def test_time_left_counts_larger_pictures_as_dearer(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("partly.training.chassis.clock.time.monotonic", lambda: now[0])
    clock = Clock(4, 10, lambda step: (100, 100, 200, 200)[step], time_before_s=5)
    now[0] = 2.0
    assert clock.tick(1) == (pytest.approx(5), pytest.approx(2 + 8 + 8))
    now[0] = 4.0
    assert clock.tick(2) == (pytest.approx(5), pytest.approx(16))
    assert clock.time_s == 9
