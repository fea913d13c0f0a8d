import json

import pytest

from benchmarks import photo_judge, stopping
from partly.project.trainings.no_better import NoBetter
from partly.training.chassis.stopping_rule import StoppingRule
from tests.fakes import noise_photos
from tests.project.trainings.test_until_no_better import Cells

RULE = StoppingRule(n_back=1, strike_above=1e-9, n_strikes=1, n_halvings=2, n_kept=1)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Words of a study on eighty photos, with a rule that stops at the third evaluation."""
    for module in (photo_judge, stopping):
        monkeypatch.setattr(module, "load_feature_network", lambda _: Cells())
    monkeypatch.setattr(stopping, "n_pictures_beside", lambda _: 8)
    before = NoBetter.__init__
    monkeypatch.setattr(NoBetter, "__init__", lambda *args, **more: before(*args, rule=RULE, **more))
    folder = noise_photos(tmp_path / "photos", 80)
    words = [str(folder), str(tmp_path / "out"), "--family", "mlp", "--size", "8", "--batch", "4"]
    words += ["--photos-shown", "20", "--evaluate-every", "4", "--hold-out", "50"]
    return tmp_path / "out", [*words, "--judge-pictures", "8", "--also", "cells"]


def test_it_trains_on_tells_where_the_rule_would_stop_and_judges_all(study, capsys):
    out, words = study
    stopping.main(words)
    found = json.loads((out / "stopping.json").read_text())
    assert [one["decision"] for one in found["evaluations"]] == ["remember", "halve", "stop", "over", "over"]
    assert {one["rate"] for one in found["evaluations"]} == {1.0}
    assert (found["stops_at"], found["share_of_length"], found["n_photos_shown"]) == (12, 0.6, 20)
    judged = {one["n_seen"]: one["judged"] for one in found["evaluations"]}
    kernels = {one["n_seen"]: one["kernel"] for one in found["evaluations"] if one["n_seen"] <= 12}
    assert found["chosen_at"] == min(kernels, key=kernels.get)
    assert found["best_at"] == min(judged, key=judged.get)
    assert found["kernel_x_1000"]["rule"] == judged[found["chosen_at"]]
    assert found["also_kernel_x_1000"]["best"] == found["kernel_x_1000"]["best"] == min(judged.values())
    assert len(list((out / "generators").iterdir())) == 5
    assert "judged 20 photos" in capsys.readouterr().out
    # Everything is there already.
    stopping.main(words)
    assert "judged" not in capsys.readouterr().out.partition("study")[0]
    stopping.main(["--table", str(out)])
    assert "60 %" in capsys.readouterr().out
