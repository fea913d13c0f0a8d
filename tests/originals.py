"""Benchmarks against originals, where both can be had: what is ours is from the user's cache.

They run in a process of their own: two libraries of threads in the process of all tests may not bear each
other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from partly.errors import NotAvailable
from partly.storage.files import cache_folder

# Tests have an empty cache of their own; this is read before.
_CACHE = cache_folder()
_PROJECT = Path(__file__).parents[1]


def output_beside_original(module: str, model: str, libraries: Sequence[str], limit_s: int) -> str:
    """What a benchmark prints for one picture; the test is skipped where something that it needs is missing.

    Args:
        module: the benchmark.
        model: name of our model, which must be in the cache.
        libraries: what reads the original; those that are imported.
        limit_s: how long it may take.
    """
    if not (_CACHE / "models" / model / "model.json").is_file():
        pytest.skip(f"our model is not in the cache: partly get {model}")
    if missing := [name for name in libraries if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    environment = os.environ | {"PARTLY_CACHE": str(_CACHE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", module, "--n", "1"],
        cwd=_PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=limit_s,
    )
    if done.returncode == NotAvailable.exit_code:
        pytest.skip(f"the original cannot be had: {done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
