import sys

import pytest

from partly.cli import terminal_progress as progress
from partly.cli.terminal_progress import Bars
from partly.synthesis.shards.synthesis_config import SynthesisReport
from partly.training.chassis.step_log import StepReport


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made.monotonic)
    return made


def test_without_a_terminal_a_line_now_and_then(clock, capsys):
    with Bars() as bars:
        for done in range(1, 31):
            clock.now += 1
            bars("looking", done, 30)
    assert capsys.readouterr().err.splitlines() == [
        "looking: 10 of 30  0:00:20 left",
        "looking: 20 of 30  0:00:10 left",
        "looking: 30 of 30  0:00:00 left",
    ]


def test_reports_of_synthesis_and_training(clock, capsys):
    with Bars() as bars:
        bars.picture(SynthesisReport(5, 5, 1.25, 0.0))
        bars.step(StepReport(2, 2, 0.5, 0.71, 30.0, 0.0, 128, 1e-3, True))
    assert capsys.readouterr().err.splitlines() == [
        "labelling pictures: 5 of 5  1.25 pictures/s  0:00:00 left",
        "training: 2 of 2  loss 0.500  IoU 71.0  30.0 pictures/s at 128 px  0:00:00 left",
    ]


def test_on_a_terminal_live_bars(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Bars() as bars:
        bars("looking", 1, 2)
        bars("looking", 2, 2)
        bars("writing", 1, 1)
    said = capsys.readouterr().err
    assert "looking" in said
    assert "2/2" in said
    assert "writing" in said


def test_what_is_done_once_more_is_estimated_anew(clock, capsys):
    with Bars() as bars:
        bars("looking", 1, 20)
        clock.now += 1000
        bars("looking", 20, 20)
        for done in range(1, 11):
            clock.now += 2
            bars("looking", done, 20)
    assert capsys.readouterr().err.splitlines()[-1] == "looking: 10 of 20  0:00:20 left"
