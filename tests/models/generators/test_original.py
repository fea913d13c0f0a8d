"""The imported generator against the original, where both can be had: the one from the user's cache.

In a process of its own: two libraries of threads in the process of all tests may not bear each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from partly.errors import NotAvailable
from partly.storage.files import cache_folder

# Tests have an empty cache of their own; this is read before.
CACHE = cache_folder()
PROJECT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.original
def test_pictures_are_those_of_the_original() -> None:
    if not (CACHE / "models" / "ffhq" / "model.json").is_file():
        pytest.skip("the generator is not in the cache: partly get ffhq")
    if find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    command = [sys.executable, "-m", "benchmarks.original", "--n", "1"]
    environment = os.environ | {"PARTLY_CACHE": str(CACHE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == NotAvailable.exit_code:
        pytest.skip(f"the original cannot be had: {done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "largest difference" in done.stdout
