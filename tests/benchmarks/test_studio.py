import json

import pytest

from benchmarks import studio
from partly.project.project_folder import create_project
from partly.project.project_settings import Settings
from tests.fakes import TWO_PARTS


@pytest.mark.slow
def test_a_short_session_gives_all_times(tmp_path, generator_folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    create_project(tmp_path / "project", Settings(str(generator_folder), TWO_PARTS))
    found = studio.figures(tmp_path / "project", 3)
    times = [found[f"to {what}, s"] for what in ("the address", "a picture", "live predictions")]
    assert times == sorted(times)
    assert found["stroke to wall, ms"]["most"] >= found["stroke to prediction, ms"]["median"] > 0
    assert found["stroke acknowledged, ms"]["median"] > 0


def test_what_is_printed_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(studio, "figures", lambda project, n, *options: {"n": n, "options": list(options)})
    studio.main(["--generator", "portraits", "--strokes", "7", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "studio.json").read_text())
    assert found == {
        "of": "portraits",
        "load": pytest.approx(found["load"]),
        "n": 7,
        "options": ["--generator", "portraits"],
    }
    assert "n: 7" in capsys.readouterr().out
