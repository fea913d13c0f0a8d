"""``partly distil`` under torch's launcher."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

import pytest

from partly.cli.command_line import run
from partly.project.project_folder import Project
from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.head_training import HeadConfig

PARTLY = f"""
import sys
from {__name__} import with_quick_heads
from partly.cli.command_line import run
with with_quick_heads():
    sys.exit(run(sys.argv[1:]))
"""


def with_quick_heads() -> AbstractContextManager[object]:
    quick = HeadConfig(n_steps=30, label_px=16)
    return patch.object(head_distillation, "HeadConfig", lambda: quick)


def losses(log: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in log.read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_make_what_one_makes(
    fitted_photos: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fitted_photos.folder
    shared = folder.with_name("shared")
    shutil.copytree(folder, shared)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    distil = ["--best", "--device", "cpu", "--json"]
    done = subprocess.run(
        [*launcher, "--no-python", sys.executable, "-c", PARTLY, "distil", str(shared), *distil],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)  # once, by the first
    assert (told["folder"], told["was_there"]) == (str(shared / "models/auto_shot"), False)
    assert len(list((shared / "runs").iterdir())) == len(list((folder / "runs").iterdir())) + 1
    result = json.loads(next((shared / "runs").glob("*-distil*/result.json")).read_text())
    assert result["made_on"] == "cpu, float32, 2 processes"
    card = json.loads((shared / "models/auto_shot/model.json").read_text())
    assert card["made_on"] == "cpu, float32, 2 processes"

    with with_quick_heads():
        assert run(["distil", str(folder), *distil]) == 0
    alone, together = (next((of / "runs").glob("*-distil*")) for of in (folder, shared))
    for log in ("log.jsonl", "head/log.jsonl"):
        assert losses(together / log) == pytest.approx(losses(alone / log), rel=0.02, abs=0.01), log
    assert "made_on" not in json.loads((folder / "models/auto_shot/model.json").read_text())
    capsys.readouterr()
    # What was made by two processes is there for one, and the other way round.
    assert run(["distil", str(shared), *distil]) == 0
    assert json.loads(capsys.readouterr().out)["was_there"]
