"""Networks that read photos against the files that they were read from, where both can be had.

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
def test_features_are_those_of_the_onnx_file() -> None:
    if not (CACHE / "models" / "dinov2-small" / "model.json").is_file():
        pytest.skip("the encoder is not in the cache: partly get dinov2-small")
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        pytest.skip("onnx or onnxruntime is not installed")
    command = [sys.executable, "-m", "benchmarks.encoders", "--n", "1"]
    environment = os.environ | {"PARTLY_CACHE": str(CACHE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode == NotAvailable.exit_code:
        pytest.skip(f"the original cannot be had: {done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "block 12: differs by" in done.stdout
