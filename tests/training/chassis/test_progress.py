import json
import signal
import threading

import pytest

from partly.training.chassis.interruption import noticed_interruption
from partly.training.chassis.step_log import JsonLog, StepReport, figures_text


def report(step, iou=None):
    return StepReport(
        step=step,
        n_steps=40,
        loss=1.23456,
        held_out_iou=iou,
        evaluated=iou is not None,
        pictures_per_s=27.31,
        time_left_s=3725,
        size_px=128,
        learning_rate=1e-3,
    )


def test_figures_in_one_line():
    assert figures_text(report(3)) == "loss 1.235  IoU –  27.3 pictures/s at 128 px  1:02:05 left"
    assert "IoU 67.8 " in figures_text(report(3, 0.678))


def test_log_keeps_the_steps_before_the_resumed_one(tmp_path):
    path = tmp_path / "log.jsonl"
    log = JsonLog(path, 0)
    for step in (1, 2, 3):
        log.write(report(step))
    with path.open("a") as file:
        file.write('{"step": 4, "cut')
    JsonLog(path, 2).write(report(3, 0.5))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[2]["held_out_iou"] == 0.5


def test_first_interruption_is_noted_and_the_second_is_raised():
    before = signal.getsignal(signal.SIGINT)
    with noticed_interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_leaves_signals_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def use():
        with noticed_interruption() as interruption:
            seen.append((signal.getsignal(signal.SIGINT) is before, interruption.asked))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [(True, False)]
