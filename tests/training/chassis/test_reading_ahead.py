import threading

import pytest

from partly.training.chassis.reading_ahead import read_ahead


@pytest.mark.parametrize("beside", [False, True])
def test_batches_come_in_order_each_read_once(beside):
    read = []

    def one(number):
        read.append((number, threading.current_thread() is threading.main_thread()))
        return number * 10

    assert list(read_ahead(one, range(3, 7), beside=beside)) == [30, 40, 50, 60]
    assert read == [(number, not beside) for number in range(3, 7)]
    assert list(read_ahead(one, range(5, 5), beside=beside)) == []


def test_the_next_is_read_while_this_one_is_used():
    next_read = threading.Event()

    def one(number):
        if number == 1:
            next_read.set()
        return number

    batches = read_ahead(one, range(3), beside=True)
    assert next(batches) == 0
    assert next_read.wait(10)
    assert list(batches) == [1, 2]


@pytest.mark.parametrize("beside", [False, True])
def test_what_cannot_be_read_is_told_when_its_turn_comes(beside):
    def one(number):
        if number == 2:
            raise OSError("gone")
        return number

    batches = read_ahead(one, range(4), beside=beside)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(OSError, match="gone"):
        next(batches)
