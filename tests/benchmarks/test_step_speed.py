import json
from pathlib import Path

import pytest
from benchmarks.step_speed import main

HERE = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_steps_of_two_checkouts_are_compared_in_pairs(tmp_path):
    how = ["--families", "light", "--size", "32", "--steps", "2", "--out", str(tmp_path)]
    main([*how, "--against", str(HERE)])
    found = json.loads((tmp_path / "step-speed.json").read_text())["light"]["all"]
    assert (len(found["seconds"]), len(found["ratios of rounds"])) == (2, 1)
    assert min(found["seconds"]) > 0
    # The same against itself.
    assert 0.3 < found["ratio"] < 3
