"""The benchmark of R1's weight, on a tiny sweep."""

import json

import pytest
from benchmarks.gamma import main, worse_by

from partly.data.photos.encoding import write_png
from tests.fakes import thing_photo


def test_how_much_worse_the_rule_is():
    sweep = [{"factor": 0.25, "kernel x 1000": 20.0}, {"factor": 1.0, "kernel x 1000": 22.0}]
    assert worse_by(sweep) == pytest.approx(0.1)
    assert worse_by(sweep[1:]) == 0


@pytest.mark.slow
def test_a_sweep_and_its_curve(tmp_path):
    out, photos = tmp_path / "squares", tmp_path / "photos"
    for seed in range(20):
        write_png(photos / f"{seed}.png", thing_photo(32, 32, seed))
    asked = ["--size", "32", "--photos-shown", "32", "--batch", "4", "--factors", "4", "--pictures", "32"]
    main([str(photos), str(out), *asked])
    found = json.loads((out / "gamma.json").read_text())
    rule, other = found["sweep"]
    assert rule["factor"] == 1.0
    assert other["gamma"] == pytest.approx(4 * rule["gamma"])
    main(["--curve", str(tmp_path / "curve.svg"), str(out)])
    assert "squares, 32 px" in (tmp_path / "curve.svg").read_text()
