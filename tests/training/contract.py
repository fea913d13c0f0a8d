"""What every kind of training keeps to, whatever it trains."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from partly.errors import BadModelFile, BadOption, TooLittleMemory, TrainingDiverged
from partly.machine.machine import Machine
from partly.machine.ranks import Ranks
from partly.training.chassis.checkpoints import checkpoint_files
from tests.fake_training import another_machine
from tests.short_memory import ShortMemory

# Figures that depend on the clock.
_OF_THE_CLOCK = {"pictures_per_s", "time_left_s"}


class KilledError(BaseException):
    """Stands for a kill: nothing is written on the way out."""


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    """Whether two modules have the same tensors to the bit."""
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def plain(report: Any) -> dict[str, Any]:
    """All figures of a step but those of the clock, as the log has them."""
    figures = json.loads(json.dumps(dataclasses.asdict(report)))
    return {name: value for name, value in figures.items() if name not in _OF_THE_CLOCK}


def loss_of(report: Any) -> float:
    """The loss of a step."""
    return report.loss if hasattr(report, "loss") else report.discriminator_loss


def logged(folder: Any) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


class TrainingContract(ABC):
    """Inherit it as ``TestContract``, and say how the training is started.

    Attributes:
        n_steps: of the training; at least 6. Checkpoints are due after steps 2 and 4, or after each.
        refused: changes by which it is no longer the same training, and the words of the refusal.
        diverged: the words about a loss that is no number at the fourth step.
        in_portions: where memory is short, a batch of four is taken in portions.
    """

    n_steps: ClassVar[int] = 6
    refused: ClassVar[dict[str, str]]
    diverged: ClassVar[str]
    in_portions: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def train(cls, change: str = "", **how: Any) -> Sequence[nn.Module]:
        """Train from the first weights.

        Args:
            change: of ``refused``; "" is none. "diverging" has a loss that is no number at the fourth step.
            how: ``folder``, ``on_step`` and ``machine`` of the training.

        Returns:
            What was trained.
        """

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, tmp_path_factory):
        """A training that was never stopped: its results, its reports, its folder."""
        folder, reports = tmp_path_factory.mktemp("whole"), []
        return cls.train(folder=folder, on_step=reports.append), reports, folder

    def goes_on(self, folder, whole, first_step):
        """What is in the folder goes on, and ends where the whole training did."""
        results, reports, _ = whole
        after = []
        again = self.train(folder=folder, on_step=after.append)
        assert [report.step for report in after] == list(range(first_step, self.n_steps + 1))
        assert all(same_weights(one, other) for one, other in zip(results, again, strict=True))
        assert [plain(report) for report in after] == [plain(report) for report in reports[first_step - 1 :]]
        assert [line["step"] for line in logged(folder)] == list(range(1, self.n_steps + 1))

    def test_every_step_is_told_and_logged(self, whole):
        _, reports, folder = whole
        assert [report.step for report in reports] == list(range(1, self.n_steps + 1))
        assert {report.n_steps for report in reports} == {self.n_steps}
        assert reports[-1].time_left_s == 0
        assert logged(folder) == [json.loads(json.dumps(dataclasses.asdict(report))) for report in reports]

    def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(self, whole, tmp_path):
        def stop(report):
            if report.step == 3:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            self.train(folder=tmp_path, on_step=stop)
        self.goes_on(tmp_path, whole, 4)

    def test_killed_between_checkpoints_it_ends_there_too(self, whole, tmp_path):
        def kill(report):
            if report.step == 5:
                raise KilledError

        with pytest.raises(KilledError):
            self.train(folder=tmp_path, on_step=kill)
        self.goes_on(tmp_path, whole, 5)

    def test_a_finished_training_gives_its_results_again(self, whole):
        results, _, folder = whole
        told = []
        again = self.train(folder=folder, on_step=told.append)
        assert told == []
        assert all(same_weights(one, other) for one, other in zip(results, again, strict=True))

    def test_nothing_is_written_where_no_folder_is(self, whole):
        for one, other in zip(whole[0], self.train(), strict=True):
            assert same_weights(one, other)
            assert not one.training

    def test_another_training_is_refused_in_words(self, whole):
        _, _, folder = whole
        newest = checkpoint_files(folder)[-1]
        before = newest.read_bytes()
        for change, text in self.refused.items():
            with pytest.raises(BadOption) as refusal:
                self.train(change, folder=folder)
            told = str(refusal.value)
            assert told.startswith(f"{newest}: holds a training with "), change
            assert text in told, change
            assert told.endswith("Train in another folder, or delete the checkpoints to start again."), change
        assert newest.read_bytes() == before

    def test_a_damaged_checkpoint(self, whole, tmp_path):
        (tmp_path / checkpoint_files(whole[2])[-1].name).write_bytes(b"damaged")
        with pytest.raises(BadModelFile, match="is no checkpoint"):
            self.train(folder=tmp_path)

    def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(self, tmp_path):
        with pytest.raises(TrainingDiverged) as error:
            self.train("diverging", folder=tmp_path)
        assert self.diverged in str(error.value)
        assert [line["step"] for line in logged(tmp_path)] == [1, 2, 3]
        [kept] = checkpoint_files(tmp_path)
        assert kept.name < "checkpoint-00000004"

    def test_processes_that_cannot_share_a_batch(self, tmp_path):
        with pytest.raises(BadOption, match=r"batches of 4 for 3 processes; .*Try batches of 3"):
            self.train(folder=tmp_path, machine=Machine(ranks=Ranks(0, 3)))
        assert not any(tmp_path.iterdir())

    def test_memory_too_short_for_a_batch(self, whole, tmp_path):
        reports, memory = [], ShortMemory()

        def shorten(report):
            reports.append(report)
            if report.step == 3:
                memory.most = 2

        with memory:
            if not self.in_portions:
                with pytest.raises(TooLittleMemory) as error:
                    self.train(folder=tmp_path, on_step=shorten)
                assert re.search(
                    r"memory of cpu, float32 is too short for a step of 4 pictures.* "
                    r"\(played: out of memory\); "
                    "expected a device with more memory, or a training that takes less. .*the same command",
                    str(error.value),
                )
                [kept] = checkpoint_files(tmp_path)[-1:]
                memory.most = 10**9
                return self.goes_on(tmp_path, whole, int(kept.stem.rpartition("-")[2]) + 1)
            results = self.train(on_step=shorten)
        assert [report.n_portions for report in reports] == [1] * 3 + [2] * (self.n_steps - 3)
        self.is_alike(whole, results, reports, rtol=1e-4, atol=1e-5)
        memory.most = 0
        with memory, pytest.raises(TooLittleMemory, match="is too short for a step of 4 pictures"):
            self.train()

    def is_alike(self, whole, results, reports, *, rtol, atol):
        """Losses of all steps, and weights at the end, are those of the whole training within a tolerance."""
        for one, other in zip(whole[0], results, strict=True):
            for name, tensor in one.state_dict().items():
                found = other.state_dict()[name]
                torch.testing.assert_close(
                    found, tensor, rtol=rtol, atol=atol, msg=lambda m, n=name: f"{n}: {m}"
                )
        of_whole, found = ([loss_of(report) for report in told] for told in (whole[1], reports))
        assert found == pytest.approx(of_whole, rel=rtol, abs=atol)

    def test_begun_in_bfloat16_it_goes_on_in_float32(self, whole, tmp_path):
        def stop(report):
            if report.step == 3:
                signal.raise_signal(signal.SIGINT)

        halves = Machine(dtype=torch.bfloat16)
        with pytest.raises(KeyboardInterrupt):
            self.train(folder=tmp_path, on_step=stop, machine=halves)
        reports = []
        self.train(folder=tmp_path, on_step=reports.append)
        assert [report.step for report in reports] == list(range(4, self.n_steps + 1))
        lines = logged(tmp_path)
        assert [line.get("made_on") for line in lines[:4]] == ["cpu, bfloat16"] * 3 + [None]
        first = loss_of(whole[1][0])
        assert lines[0].get("loss", lines[0].get("discriminator_loss")) == pytest.approx(first, rel=0.05)
        assert lines[0] != logged(whole[2])[0]

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
    def test_a_gpu_trains_as_the_processor_does(self, whole, tmp_path):
        """In float32, to within 2 %.

        GPUs sum in another order; and where a slope is all but 0, Adam makes a whole step of its sign, so
        that weights are compared in the mean.
        """
        reports = []
        results = self.train(machine=Machine(torch.device("cuda:0")), on_step=reports.append, folder=tmp_path)
        found, of_whole = ([loss_of(report) for report in told] for told in (reports, whole[1]))
        assert found == pytest.approx(of_whole, rel=0.02, abs=0.02)
        for one, other in zip(whole[0], results, strict=True):
            for name, tensor in one.state_dict().items():
                difference = (other.state_dict()[name].float() - tensor.float()).abs().mean()
                assert difference <= 0.02 * tensor.float().abs().mean() + 2e-3, name
        assert logged(tmp_path)[0]["made_on"].startswith("cuda:0 (")
        again = []
        self.train(folder=tmp_path, on_step=again.append)
        assert again == []

    def test_a_step_runs_on_another_device(self):
        """Forward, losses, penalties, augmentation, backward, optimisers, averages: nothing mixes devices."""

        def stop(report):
            raise KilledError

        with another_machine() as machine, pytest.raises(KilledError):
            self.train(machine=machine, on_step=stop)

    @pytest.mark.slow
    def test_a_whole_training_runs_on_another_device(self):
        reports = []
        with another_machine() as machine:
            results = self.train(machine=machine, on_step=reports.append)
        assert [report.step for report in reports] == list(range(1, self.n_steps + 1))
        assert {p.device.type for result in results for p in result.parameters()} == {"cpu"}
