"""An adversarial training that is watched: rates, end, going on to the bit, two processes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from partly.machine.machine import Machine
from partly.machine.ranks import ranks_of_environment
from partly.training.adversarial.gan_loop import train_gan
from partly.training.chassis.watching import Verdict
from tests.training.adversarial.test_loop import CONFIG, batches, players
from tests.training.contract import same_weights
from tests.two_processes import run_two_processes


class Halving:
    """Halves the rates after each two steps, and ends the training after four of six."""

    every = 2

    def __init__(self):
        self.identity, self.seen = {"name": "halving"}, []

    def look(self, model, n_done, others):
        self.seen.append([n_done, sum(p.abs().sum().item() for p in model.parameters())])
        return self.verdict()

    def verdict(self):
        return Verdict(0.5 ** len(self.seen), len(self.seen) == 2)

    def state(self):
        return {"seen": self.seen}, {}

    def go_on(self, values, tensors):
        self.seen = values["seen"]
        return self.verdict()


def train(**how):
    watch, reports = Halving(), []
    stop_at = how.pop("stop_at", None)

    def on_step(report):
        reports.append(report.step)
        if report.step == stop_at:
            signal.raise_signal(signal.SIGINT)

    result = train_gan(players(), batches(), CONFIG, watch=watch, on_step=on_step, **how)
    return result, watch.seen, reports


def test_it_ends_where_the_watch_says_so_also_after_a_stop(tmp_path):
    whole, seen, reports = train()
    assert (whole.n_steps, reports) == (4, [1, 2, 3, 4])
    assert [n for n, _ in seen] == [2, 4]
    with pytest.raises(KeyboardInterrupt):
        train(folder=tmp_path, stop_at=3)
    parts, again, after = train(folder=tmp_path)
    assert after == [4]
    assert again == seen
    assert same_weights(whole.generator, parts.generator)
    # Half of the rate is another training from the third step on.
    unwatched = train_gan(players(), batches(), CONFIG)
    assert unwatched.n_steps == 6
    assert not same_weights(whole.generator, unwatched.generator)


def main(folder: str) -> None:
    """What each of two processes does."""
    torch.set_num_threads(1)
    with ranks_of_environment() as ranks:
        result, seen, _ = train(folder=Path(folder) / "both", machine=Machine(ranks=ranks))
        assert len(seen) == (2 if ranks.is_first else 0)
        torch.save([result.n_steps, result.generator.state_dict()], Path(folder) / f"{ranks.index}.pt")


@pytest.mark.slow
def test_two_processes_end_together_with_the_same_weights(tmp_path):
    run_two_processes(__name__, tmp_path)
    (n_first, first), (n_second, second) = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert (n_first, n_second) == (4, 4)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
