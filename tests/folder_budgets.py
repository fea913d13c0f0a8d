"""Processor time of the tests by folder, against the budgets of ``budgets.toml``.

Time is that of the processor, of this process and of those that it has waited for, so that a busy machine
changes little. A run tells which folders are over their budget; only ``pytest --budgets`` fails then, and
tells the time of all folders. Processes of pytest-xdist send what they have spent to the one that tells.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

Budgets = Mapping[str, Mapping[str, float]]
"""Seconds by folder, for the kinds of tests "ordinary" and "slow"."""

FILE = Path(__file__).with_name("budgets.toml")
_SENT = "seconds by folder"


def read_budgets(file: Path = FILE) -> Budgets:
    """The budgets that stand in a file."""
    return tomllib.loads(file.read_text())


def folder_of(file: str, folders: Mapping[str, float]) -> str:
    """The innermost of the folders that a test file is in, or the folder that it lies in."""
    parents = [str(parent) for parent in PurePosixPath(file).parents]
    return next((parent for parent in parents if parent in folders), parents[0])


@dataclass
class Spent:
    """Processor seconds by kind and folder."""

    budgets: Budgets
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)

    def add(self, kind: str, file: str, seconds: float) -> None:
        """Count the time of one test."""
        key = kind, folder_of(file, self.budgets.get(kind, {}))
        self.seconds[key] = self.seconds.get(key, 0.0) + seconds

    def sent(self) -> list[tuple[str, str, float]]:
        """Kind, folder and seconds, as values that another process can be sent."""
        return [(kind, folder, seconds) for (kind, folder), seconds in self.seconds.items()]

    def receive(self, sent: Iterable[tuple[str, str, float]]) -> None:
        """Add what another process has spent."""
        for kind, folder, seconds in sent:
            self.seconds[kind, folder] = self.seconds.get((kind, folder), 0.0) + seconds

    def over(self) -> list[str]:
        """A line for each folder that took longer than its budget, or that has none."""
        return [line for key, line in self._lines() if self.seconds[key] > self._budget(key)]

    def all(self) -> list[str]:
        """A line for each folder."""
        return [line for _, line in self._lines()]

    def _budget(self, key: tuple[str, str]) -> float:
        kind, folder = key
        return self.budgets.get(kind, {}).get(folder, 0.0)

    def _lines(self) -> Iterator[tuple[tuple[str, str], str]]:
        for key in sorted(self.seconds):
            kind, folder = key
            yield key, f"{kind} tests of {folder}: {self.seconds[key]:.1f} s of {self._budget(key):g} s"


class FolderBudgets:
    """The plugin of pytest that measures, tells, and fails where it is asked to."""

    def __init__(self, spent: Spent, *, strict: bool) -> None:
        self.spent = spent
        self.strict = strict

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure one test with its fixtures."""
        before = _processor_s()
        result = yield
        if item.get_closest_marker("ray"):  # in a target of its own
            return result
        kind = "slow" if item.get_closest_marker("slow") else "ordinary"
        self.spent.add(kind, item.nodeid.partition("::")[0], _processor_s() - before)
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail where budgets are to be kept and were not; one process of several only sends what it spent."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_SENT] = self.spent.sent()
            return
        if self.strict and self.spent.over() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a process of pytest-xdist has spent; one that died sends nothing."""
        self.spent.receive(getattr(node, "workeroutput", {}).get(_SENT, ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the folders that are over their budget, and all of them where budgets are to be kept."""
        for title, lines in (
            ("Processor time", self.spent.all() if self.strict else []),
            ("Over the budget of tests/budgets.toml", self.spent.over()),
        ):
            if lines:
                terminalreporter.section(title)
                terminalreporter.write("".join(f"{line}\n" for line in lines))


def _processor_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
