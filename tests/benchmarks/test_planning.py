"""The simulation against what can be computed by hand."""

import math

import pytest
from benchmarks.planning.costs import Cluster, Costs
from benchmarks.planning.simulation import simulated
from benchmarks.planning.training_forecast import PUBLISHED, days

COSTS = Costs(start_s=10, thing_s=0.05, piece_s=1, in_bytes=60e3, out_bytes=10e3)
ENDLESS = {"disk_bytes_per_s": 1e15, "network_bytes_per_s": 1e15, "spread": 0.0}


def test_one_worker_takes_the_sum():
    found = simulated(COSTS, Cluster(1, **ENDLESS), 1000, 100)
    assert found.wall_s == pytest.approx(10 + 10 * (100 * 0.05 + 1), rel=1e-6)
    assert found.limited_by == "cores"
    assert found.things_per_s == pytest.approx(1000 / 70, rel=1e-6)


@pytest.mark.parametrize(("n_workers", "rounds"), [(2, 5), (4, 3), (10, 1), (100, 1)])
def test_workers_share_whole_pieces(n_workers, rounds):
    found = simulated(COSTS, Cluster(n_workers, **ENDLESS), 1000, 100)
    assert found.wall_s == pytest.approx(10 + rounds * 6, rel=1e-6)


def test_more_workers_than_pieces_are_idle():
    found = simulated(COSTS, Cluster(100, **ENDLESS), 1000, 100)
    assert found.limited_by == "too few pieces, and starting"
    assert found.busy == pytest.approx(10 * 6 / (100 * 16), rel=1e-6)


def test_a_slow_disk_is_the_limit_however_many_work():
    disk = ENDLESS | {"disk_bytes_per_s": 1e6}
    few, many = (simulated(COSTS, Cluster(n, **disk), 20_000, 100) for n in (64, 128))
    assert few.wall_s == pytest.approx(20_000 * 70e3 / 1e6, rel=0.08)
    assert many.wall_s == pytest.approx(few.wall_s, rel=0.05)
    assert many.limited_by == "the shared disk"
    assert many.disk > 0.9


def test_a_fast_disk_serves_all_machines_however_slow_their_networks_are():
    cluster = {"disk_bytes_per_s": 100e6, "network_bytes_per_s": 1e6, "spread": 0.0}
    costs = Costs(start_s=0, thing_s=1e-6, piece_s=0, in_bytes=1e6, out_bytes=0)
    found = simulated(costs, Cluster(80, **cluster), 80 * 50, 1)
    assert found.wall_s == pytest.approx(50, rel=0.02)
    assert found.disk == pytest.approx(0.8, rel=0.02)


def test_the_network_of_a_machine_is_shared_by_its_cores():
    slow = ENDLESS | {"network_bytes_per_s": 1e6}
    found = simulated(COSTS, Cluster(1, 4, **slow), 400, 100)
    assert found.wall_s == pytest.approx(10 + 6 + 100 * 70e3 / 0.25e6, rel=1e-6)


def test_machines_that_fail_cost_time_and_no_piece():
    steady = Cluster(8, 2, **ENDLESS)
    failing = Cluster(8, 2, **ENDLESS, hours_between_failures=0.02)
    whole, found = (simulated(COSTS, cluster, 20_000, 100, seed=1) for cluster in (steady, failing))
    assert found.n_again > 0
    assert found.wall_s > whole.wall_s
    assert simulated(COSTS, failing, 20_000, 100, seed=1) == found


def test_machines_of_different_speed_end_later_than_equal_ones():
    spread = ENDLESS | {"spread": 0.2}
    equal, unequal = (simulated(COSTS, Cluster(16, **each), 16_000, 1000) for each in (ENDLESS, spread))
    assert unequal.wall_s > equal.wall_s


def test_trainings_on_one_and_eight_gpus_take_what_was_published():
    for speed in PUBLISHED:
        assert days(speed, 1) == pytest.approx(speed.one_s * 25_000 / 86_400)
        assert days(speed, 8) == pytest.approx(speed.eight_s * 25_000 / 86_400)
        assert days(speed, 8) > days(speed, 32) > days(speed, 1) / 32
        assert days(speed, 64) is None


def test_shares_of_the_time_sum_to_one():
    found = simulated(COSTS, Cluster(4, 4), 5000, 100)
    assert found.busy + found.waited + found.idle == pytest.approx(1)
    assert not math.isnan(found.disk)
