import os
import sys
import threading

import pytest

from partly.studio.session import worker as worker_module
from partly.studio.session.worker import StudioClosing, Urgency, Worker


@pytest.fixture
def failures():
    return []


@pytest.fixture
def worker(failures):
    made = Worker(lambda key, error: failures.append((key, str(error))))
    yield made
    made.close()


@pytest.fixture
def done():
    return []


def test_the_most_urgent_first_and_equals_in_order(worker, done):
    for urgency, key in [
        (Urgency.PROPOSALS, "d"),
        (Urgency.STROKE, "b"),
        (Urgency.WALL, "c"),
        (Urgency.STROKE, "b2"),
        (Urgency.AWAITED, "a"),
    ]:
        worker.ask(urgency, key, lambda key=key: done.append(key))
    worker.start()
    assert worker.settle()
    assert done == ["a", "b", "b2", "c", "d"]


def test_a_task_waits_for_something_and_lets_through_what_is_more_urgent(worker, done):
    def long():
        done.append("begun")
        worker.wait_until(lambda: "stroke" in done, Urgency.PROPOSALS)
        worker.wait_until(lambda: "nudged" in done, Urgency.PROPOSALS)
        done.append("ended")

    worker.ask(Urgency.PROPOSALS, "long", long)
    worker.start()
    worker.ask(Urgency.PROPOSALS, "other", lambda: done.append("other"))
    worker.ask(Urgency.STROKE, "stroke", lambda: done.append("stroke"))
    assert not worker.settle(0.05)
    done.append("nudged")
    worker.nudge()
    assert worker.settle()
    assert set(done[:2]) == {"begun", "stroke"}
    assert done[2:] == ["nudged", "ended", "other"]


def test_a_task_that_waits_ends_with_the_studio(worker, failures):
    began = threading.Event()

    def long():
        began.set()
        worker.wait_until(lambda: False, Urgency.PROPOSALS)

    worker.ask(Urgency.PROPOSALS, "long", long)
    worker.start()
    assert began.wait(10)
    worker.close()
    assert not worker._thread.is_alive()
    assert failures == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_a_thread_that_comes_behind_others():
    found = []
    worker = Worker(lambda _key, _error: None, "behind", niceness=5)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    worker.ask(Urgency.WALL, "look", lambda: found.append(os.getpriority(os.PRIO_PROCESS, 0)))
    worker.start()
    assert worker.settle()
    worker.close()
    assert found == [min(19, max(5, own))]
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_asked_for_twice_is_done_once_and_the_newest_wins(worker, done):
    worker.ask(Urgency.STROKE, "fit", lambda: done.append("old"))
    worker.ask(Urgency.STROKE, "other", lambda: done.append("other"))
    worker.ask(Urgency.STROKE, "fit", lambda: done.append("new"))
    worker.start()
    assert worker.settle()
    assert done == ["new", "other"]


def test_a_long_task_lets_through_what_is_more_urgent(worker, done):
    def long():
        done.append("begun")
        worker.ask(Urgency.STROKE, "stroke", lambda: done.append("stroke"))
        worker.ask(Urgency.PROPOSALS, "other", lambda: done.append("other"))
        worker.give_way(Urgency.PROPOSALS)
        done.append("ended")

    worker.ask(Urgency.PROPOSALS, "long", long)
    worker.start()
    assert worker.settle()
    assert done == ["begun", "stroke", "ended", "other"]


def test_slow_tasks_wait_until_nobody_paints(worker, done, monkeypatch):
    monkeypatch.setattr(worker_module, "_QUIET_S", 0.2)
    worker.painting()
    worker.ask(Urgency.WALL_PICTURES, "slow", lambda: done.append("slow"))
    worker.start()
    worker.ask(Urgency.SUPERPIXELS, "quick", lambda: done.append("quick"))
    assert worker.settle()
    assert done == ["quick", "slow"]


def test_a_long_task_waits_too(worker, done, monkeypatch):
    monkeypatch.setattr(worker_module, "_QUIET_S", 0.2)

    def long():
        worker.painting()
        threading.Timer(0.05, lambda: worker.ask(Urgency.STROKE, "s", lambda: done.append("stroke"))).start()
        worker.give_way(Urgency.PROPOSALS)
        done.append("ended")

    worker.ask(Urgency.PROPOSALS, "long", long)
    worker.start()
    assert worker.settle()
    assert done == ["stroke", "ended"]


def test_errors_are_told_and_the_next_task_is_done(worker, done, failures):
    def fail():
        raise ValueError("no")

    worker.ask(Urgency.STROKE, "fail", fail)
    worker.ask(Urgency.STROKE, "next", lambda: done.append("next"))
    worker.start()
    assert worker.settle()
    assert failures == [("fail", "no")]
    assert done == ["next"]


def test_results_and_errors_reach_whoever_waits(worker, failures):
    def fail():
        raise ValueError("no")

    worker.start()
    assert worker.ask_for(Urgency.AWAITED, "a", lambda: 7).result(10) == 7
    with pytest.raises(ValueError, match="no"):
        worker.ask_for(Urgency.AWAITED, "a", fail).result(10)
    assert failures == []


def test_closing_ends_a_long_task_and_drops_the_rest(worker, done, failures):
    begun = threading.Event()

    def long():
        begun.set()
        while True:
            worker.give_way(Urgency.PROPOSALS)

    worker.ask(Urgency.PROPOSALS, "long", long)
    waiting = worker.ask_for(Urgency.PROPOSALS, "waiting", lambda: 1)
    worker.start()
    assert begun.wait(10)
    worker.close()
    with pytest.raises(StudioClosing, match=r"the studio is closing. Start it again: partly label."):
        waiting.result(1)
    with pytest.raises(StudioClosing):
        worker.ask_for(Urgency.AWAITED, "late", lambda: 1).result(1)
    worker.ask(Urgency.AWAITED, "late", lambda: done.append("late"))
    assert (done, failures) == ([], [])
