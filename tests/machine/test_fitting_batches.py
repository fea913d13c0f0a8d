"""Batches that are halved when memory is too short."""

import pytest
import torch

from partly.machine.fitting_batches import FittingBatches, is_out_of_memory


def work_up_to(n, error):
    def work(batch):
        if len(batch) > n:
            raise error
        return sum(batch)

    return work


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError("x"),
    ],
)
def test_batches_are_halved_until_they_fit_and_it_is_said_once(error):
    told = []
    batches = FittingBatches(8, lambda n, text: told.append((n, text)))
    found = list(batches.each(work_up_to(3, error), range(11)))
    assert [list(batch) for batch, _ in found] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]
    assert [result for _, result in found] == [1, 5, 9, 13, 17, 10]
    assert told == [(4, str(error).partition("\n")[0])]
    # What fits is remembered.
    assert batches.n == 2
    assert [len(batch) for batch, _ in batches.each(sum, [1, 2, 3])] == [2, 1]


def test_one_thing_that_does_not_fit_is_an_error():
    with pytest.raises(MemoryError):
        list(FittingBatches(4).each(work_up_to(0, MemoryError()), range(4)))


def test_other_errors_are_no_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        list(FittingBatches(4).each(work_up_to(0, RuntimeError("shapes differ")), range(4)))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_real_lack_of_memory_is_seen():
    with pytest.raises(RuntimeError) as error:
        torch.empty(1 << 55, dtype=torch.uint8)
    assert is_out_of_memory(error.value)


def test_batches_of_none():
    with pytest.raises(ValueError, match="batches of 0"):
        FittingBatches(0)
