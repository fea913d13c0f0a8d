import math

import pytest

from partly.inference.invert.step_ramps import noise_ramp, rate_ramp


def test_the_rate_goes_up_in_a_line_over_the_first_twentieth():
    assert [rate_ramp(step, 1000) for step in (0, 24, 49)] == pytest.approx([0.02, 0.5, 1])


def test_it_stays_then_goes_down_as_a_cosine_over_the_last_quarter():
    assert [rate_ramp(step, 1000) for step in (50, 400, 749, 750)] == pytest.approx([1] * 4)
    for step in (800, 875, 950, 999):
        left = (1000 - step) / 250
        assert rate_ramp(step, 1000) == pytest.approx((1 - math.cos(math.pi * left)) / 2)
    assert rate_ramp(875, 1000) == pytest.approx(0.5)


def test_a_search_of_one_step_takes_it():
    assert rate_ramp(0, 1) == 1


def test_noise_fades_until_three_quarters():
    assert noise_ramp(0, 100) == pytest.approx(0.05)
    assert noise_ramp(30, 100) == pytest.approx(0.05 * 0.6**2)
    assert noise_ramp(75, 100) == noise_ramp(99, 100) == 0
