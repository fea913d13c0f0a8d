"""Whatever stops a verb, the same command again ends at the same files."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from partly.cli.command_line import INTERRUPTED, run
from partly.data.labels.annotation import Annotation, save_annotation
from partly.project.fit_verb import fit_project
from partly.project.project_folder import Project
from partly.synthesis.distil.distil_options import DistilConfig

pytestmark = pytest.mark.slow

MOST_RUNS = 40
N_STEPS = 24
Fault = Callable[[], None]
# OpenMP's threads wait in the parent; the child, with one thread, never asks them.
FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def make_fitted(make_project: Callable[..., Project], annotation: Annotation) -> Callable[[str], Project]:
    """Makes projects that wait for ``partly distil``, all alike."""

    def make(name: str) -> Project:
        project = make_project(name)
        save_annotation(project.annotations, annotation, project.part_set)
        fit_project(project)
        return project

    return make


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)  # processes made by forking have no other threads
    original = DistilConfig.synthesis
    monkeypatch.setattr(
        DistilConfig, "synthesis", lambda self: replace(original(self), pictures_per_shard=12)
    )


def final_files(project: Project) -> dict[str, bytes]:
    """Everything that must not depend on stops: models and labelled pictures."""
    folders = (project.folder / "models", project.labelled)
    paths = sorted(path for folder in folders for path in folder.rglob("[!.]*") if path.is_file())
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}


def run_with_fault(arguments: list[str], n_writes: int, fault: Fault) -> int:
    """Run in another process, whose write number ``n_writes`` meets ``fault`` just before its rename."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = 99
    try:
        original, done = Path.replace, [0]

        def replace(self: Path, target: Path) -> Path:
            done[0] += 1
            if done[0] == n_writes:
                fault()
            return original(self, target)

        Path.replace = replace  # type: ignore[method-assign]
        code = run(arguments)
    finally:
        os._exit(code)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")


@FORKS
@pytest.mark.parametrize(
    ("fault", "code", "options"),
    [(kill, -signal.SIGKILL, []), (fill_disk, 1, []), (kill, -signal.SIGKILL, ["--second-round", "0.5"])],
)
def test_distil_stopped_at_every_write_ends_at_the_same_files(make_fitted, fault, code, options, capfd):
    whole, stopped = make_fitted("whole"), make_fitted("stopped")
    options = ["--workers", "1", *options]
    assert run(["distil", str(whole.folder), *options]) == 0
    codes = []
    # Each run meets the fault one write later, and goes on from what the one before left.
    while not codes or codes[-1] != 0:
        codes.append(run_with_fault(["distil", str(stopped.folder), *options], len(codes) + 1, fault))
        assert len(codes) < MOST_RUNS
    assert set(codes[:-1]) == {code}
    assert len(codes) > 3
    assert final_files(stopped) == final_files(whole)
    if fault is fill_disk:
        assert "no space is left on the disk" in capfd.readouterr().err


@FORKS
def test_fit_killed_at_every_write_ends_at_the_same_model(make_project, annotation):
    models = []
    for name in ("whole", "stopped"):
        project = make_project(name)
        save_annotation(project.annotations, annotation, project.part_set)
        n_writes = 1 if name == "stopped" else 10**9
        while code := run_with_fault(["fit", str(project.folder)], n_writes, kill):
            assert code == -signal.SIGKILL
            n_writes += 3
            assert n_writes < 10 * MOST_RUNS
        models.append(final_files(project))
    assert models[0] == models[1]


def test_ctrl_c_in_a_process_of_its_own_goes_on(make_fitted):
    whole, stopped = make_fitted("whole"), make_fitted("stopped")
    options = ["--steps", str(N_STEPS), "--workers", "1"]
    client = [sys.executable, "-c", "from partly.cli.command_line import main; main()"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*client, "distil", str(stopped.folder), *options], env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while n_steps_of(stopped) < 3 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "the same command goes on" in said
    assert 3 <= n_steps_of(stopped) < N_STEPS
    assert any(next(stopped.runs.glob("*-distil")).glob("checkpoint-*.safetensors"))
    for project in (whole, stopped):
        assert run(["distil", str(project.folder), *options]) == 0
    assert n_steps_of(stopped) == N_STEPS
    assert (
        final_files(stopped)["models/auto_shot/model.json"]
        == final_files(whole)["models/auto_shot/model.json"]
    )


def n_steps_of(project: Project) -> int:
    """Lines in the log of the project's only training."""
    logs = list(project.runs.glob("*-distil/log.jsonl"))
    return logs[0].read_text().count("\n") if logs else 0
