"""What a sitting does that no kind of training shows by itself."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from partly.errors import BadOption
from partly.machine.machine import Machine
from partly.machine.ranks import Ranks
from partly.storage.provenance import Provenance
from partly.training.chassis.checkpoints import checkpoint_files
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.chassis.watching import Verdict, Watched


@dataclass(frozen=True)
class Told:
    step: int
    n_steps: int
    pictures_per_s: float
    time_left_s: float
    value: float


def sitting(folder, claims=({"kind": "now"},), machine=None, **more):
    module = nn.Linear(1, 1)
    return Sitting(
        Trained({"module": module}, {"all": torch.optim.SGD(module.parameters(), 0.1)}, {"mean": "module"}),
        Plan(6, batch_size=2, every=2, n_kept=2),
        [Provenance(claim) for claim in claims],
        "Do something",
        folder,
        machine or Machine(),
        **more,
    )


def test_memory_and_values_go_on(tmp_path):
    with sitting(tmp_path) as run:
        for step in run.steps():
            run.memory["sum"] = run.memory.get("sum", torch.zeros(())) + step
            run.values["steps"] = [*run.values.get("steps", []), step]
            if step == 4:
                break
    assert [path.stem for path in checkpoint_files(tmp_path)] == [
        "checkpoint-00000002",
        "checkpoint-00000004",
    ]
    with sitting(tmp_path) as run:
        assert run.step == 4
        assert run.memory["sum"].item() == 0 + 1 + 2 + 3
        assert run.values["steps"] == [0, 1, 2, 3]


def test_a_claim_as_a_version_before_wrote_it_goes_on_and_is_written_anew(tmp_path):
    with sitting(tmp_path, [{"kind": "before"}]) as run:
        for step in run.steps():
            if step == 2:
                break
    with sitting(tmp_path, [{"kind": "now"}, {"kind": "before"}]) as run:
        assert run.step == 2
        list(run.steps())
    with sitting(tmp_path) as run:
        assert run.step == 6


def test_averages_are_told_of_at_every_checkpoint_and_the_first_process_alone_tells(tmp_path):
    for rank, wanted in ((0, [(["mean"], 2), (["mean"], 4), (["mean"], 6)]), (1, [])):
        saved, told = [], []

        class OneOfTwo(Ranks):
            """The other process says nothing."""

            def any(self, here):
                return here

        machine = Machine(ranks=OneOfTwo(rank, 2))
        folder = tmp_path / str(rank)
        with sitting(
            folder,
            machine=machine,
            on_step=told.append,
            on_checkpoint=lambda averages, n, saved=saved: saved.append((list(averages), n)),
        ) as run:
            for step in run.steps():
                run.tell(Told, value=step / 2)
        assert saved == wanted
        assert [report.value for report in told] == [step / 2 for step in range(6 if rank == 0 else 0)]
        assert folder.exists() == (rank == 0)


@pytest.mark.parametrize("inside", [False, True])
def test_an_average_follows_by_its_decay(inside):
    with sitting(None) as run:
        before = run.averages["mean"].weight.clone()
        with torch.no_grad():
            run._trained.modules["module"].weight.add_(1)
        run.average(0.75 if inside else 1.0)
    torch.testing.assert_close(run.averages["mean"].weight, before + (0.25 if inside else 0.0))


class Halving:
    """Halves the rate at every look, and ends the training at the third."""

    every = 2

    def __init__(self, name="halving", ends_at=3):
        self.identity, self.seen, self.ends_at = {"name": name}, [], ends_at

    def look(self, model, n_done, others):
        assert not model.training
        self.seen.append(n_done)
        return self.verdict()

    def verdict(self):
        return Verdict(0.5 ** len(self.seen), len(self.seen) == self.ends_at)

    def state(self):
        return {"seen": self.seen}, {"tensor": torch.tensor(self.seen)}

    def go_on(self, values, tensors):
        self.seen = values["seen"]
        assert tensors["tensor"].tolist() == self.seen
        return self.verdict()


def watched(watch):
    return Watched(watch, lambda averages: averages["mean"])


def rate_of(run):
    return run._trained.optimizers["all"].param_groups[0]["lr"]


def test_a_watch_lowers_rates_and_ends_the_training_also_after_a_stop(tmp_path):
    watch, rates = Halving(ends_at=2), []
    with sitting(tmp_path, watched=watched(watch)) as run:
        for step in run.steps():
            rates.append(rate_of(run))
            if step == 3:
                break
    assert rates == [0.1, 0.1, 0.05, 0.05]
    again = Halving(ends_at=2)
    with sitting(tmp_path, watched=watched(again)) as run:
        assert (run.step, rate_of(run), again.seen) == (2, 0.05, [2])
        assert list(run.steps()) == [2, 3]
        assert rate_of(run) == 0.025
    assert checkpoint_files(tmp_path)[-1].stem == "checkpoint-00000004"
    with sitting(tmp_path, watched=watched(Halving())) as run:
        assert list(run.steps()) == [4, 5]
    over = Halving(ends_at=3)
    with sitting(tmp_path, watched=watched(over)) as run:
        assert over.seen == [2, 4, 6]
        assert list(run.steps()) == []


def test_a_watch_is_part_of_what_a_training_is(tmp_path):
    with sitting(tmp_path, watched=watched(Halving())) as run:
        list(run.steps())
    with pytest.raises(BadOption, match=r"holds a training with watch\.name 'halving', not 'other'"):
        sitting(tmp_path, watched=watched(Halving("other"))).__enter__()
    with pytest.raises(BadOption, match=r"watch\.name 'halving', which is not asked for now"):
        sitting(tmp_path).__enter__()


def test_all_processes_obey_what_the_first_saw():
    class Second(Ranks):
        """The first process says so."""

        def total(self, values):
            return values + torch.tensor([0.25, 1.0])

        def any(self, here):
            return here

    watch = Halving()
    with sitting(None, machine=Machine(ranks=Second(1, 2)), watched=watched(watch)) as run:
        assert list(run.steps()) == [0, 1]
        assert rate_of(run) == 0.025
    assert watch.seen == []
