"""Two processes train each kind of network as one does with the whole batch.

Trainings of generators against discriminators are in ``tests/machine/test_ranks.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from partly.machine.machine import Machine
from partly.machine.ranks import ranks_of_environment
from partly.training.chassis.checkpoints import checkpoint_files
from tests.synthesis.distil import test_head_training
from tests.training.contract import loss_of
from tests.training.matching import test_matching_loop
from tests.training.segmentation import test_auto_shot
from tests.training.variational import test_loop
from tests.two_processes import run_two_processes

KINDS = {
    "autoencoder": test_loop.TestContract,
    "matching of moments": test_matching_loop.TestContract,
    "auto-shot network": test_auto_shot.TestContract,
    "head": test_head_training.TestContract,
}


def main(folder: str) -> None:
    """What each of the two processes does."""
    torch.set_num_threads(1)
    with ranks_of_environment() as ranks:
        for kind, contract in KINDS.items():
            reports = []
            place = Path(folder) / kind
            trained = contract.train(folder=place, on_step=reports.append, machine=Machine(ranks=ranks))
            assert len(reports) == (contract.n_steps if ranks.is_first else 0)
            weights = {f"{i} {n}": t for i, one in enumerate(trained) for n, t in one.state_dict().items()}
            torch.save(weights, place / f"weights-{ranks.index}.pt")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes trained together."""
    folder = tmp_path_factory.mktemp("two")
    run_two_processes(__name__, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_both_have_the_same_weights_and_they_are_those_of_one_process_with_the_whole_batch(two, kind):
    reports = []
    alone = KINDS[kind].train(on_step=reports.append)
    first, second = (torch.load(two / kind / f"weights-{rank}.pt") for rank in (0, 1))
    for i, one in enumerate(alone):
        for name, tensor in one.state_dict().items():
            found = first[f"{i} {name}"]
            assert torch.equal(found, second[f"{i} {name}"]), name
            torch.testing.assert_close(found, tensor, rtol=1e-3, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")
    lines = [json.loads(line) for line in (two / kind / "log.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines] == pytest.approx([loss_of(r) for r in reports], rel=1e-4)
    assert {line["made_on"] for line in lines} == {"cpu, float32, 2 processes"}
    assert len(checkpoint_files(two / kind)) in (1, 2)
