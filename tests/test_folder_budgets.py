"""Budgets of the tests themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.folder_budgets import Spent, folder_of, read_budgets

TESTS = Path(__file__).parent
BUDGETS = {"ordinary": {"tests": 2.0, "tests/data": 3.0}, "slow": {"tests/data": 9.0}}


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("tests/test_api.py", "tests"),
        ("tests/data/labels/test_strokes.py", "tests/data"),
        ("tests/models/zoo/test_packages.py", "tests"),
        ("elsewhere/test_x.py", "elsewhere"),
    ],
)
def test_the_innermost_folder_with_a_budget_counts(file, folder):
    assert folder_of(file, BUDGETS["ordinary"]) == folder


def test_folders_over_their_budget_and_without_one_are_told():
    spent = Spent(BUDGETS)
    for kind, file, seconds in [
        ("ordinary", "tests/data/labels/test_a.py", 1.5),
        ("ordinary", "tests/data/photos/test_b.py", 1.6),
        ("ordinary", "tests/test_api.py", 2.0),
        ("slow", "tests/data/test_a.py", 8.0),
        ("slow", "tests/cli/test_c.py", 0.5),
    ]:
        spent.add(kind, file, seconds)
    assert spent.over() == [
        "ordinary tests of tests/data: 3.1 s of 3 s",
        "slow tests of tests/cli: 0.5 s of 0 s",
    ]
    assert len(spent.all()) == 4


def test_what_several_processes_spent_is_one_sum():
    first, second, all_of_them = Spent(BUDGETS), Spent(BUDGETS), Spent(BUDGETS)
    first.add("ordinary", "tests/data/test_a.py", 2.0)
    second.add("ordinary", "tests/data/test_b.py", 1.5)
    for one in (first, second):
        all_of_them.receive(json.loads(json.dumps(one.sent())))
    assert all_of_them.over() == ["ordinary tests of tests/data: 3.5 s of 3 s"]


def test_every_folder_of_tests_has_a_budget():
    budgets = read_budgets()
    assert set(budgets) == {"ordinary", "slow"}
    named = {folder for folders in budgets.values() for folder in folders}
    assert [folder for folder in named if not (TESTS.parent / folder).is_dir()] == []
    there = {f"tests/{path.relative_to(TESTS).parts[0]}" for path in TESTS.glob("*/**/test_*.py")}
    assert there - named == set()


@pytest.mark.parametrize(
    ("options", "code"), [((), 0), (("--budgets",), 1), (("--budgets", "-n", "1"), 1), (("-n", "1"), 0)]
)
def test_only_when_asked_a_run_fails(options, code, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from tests.folder_budgets import FolderBudgets, Spent\n"
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--budgets', action='store_true')\n"
        "def pytest_configure(config):\n"
        "    plugin = FolderBudgets(Spent({}), strict=config.getoption('budgets'))\n"
        "    config.pluginmanager.register(plugin)\n"
    )
    (tmp_path / "test_x.py").write_text("def test_x():\n    sum(range(3_000_000))\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    done = subprocess.run(
        [*command, *options, tmp_path],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Over the budget of tests/budgets.toml" in done.stdout
    assert "ordinary tests of .: " in done.stdout
