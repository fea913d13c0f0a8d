import json

import numpy as np
import pytest

from benchmarks import photo_judge, stacked
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import sample_w
from tests.fakes import noise_photos
from tests.project.trainings.test_until_no_better import Cells


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A study of forty photos that ends at its first look, and is judged by few pictures."""
    monkeypatch.setattr(photo_judge, "load_feature_network", lambda _: Cells())
    folder = noise_photos(tmp_path / "photos", 40, 32)
    few = ["--seconds", "0.001", "--look-every", "1", "--batch", "4", "--pictures", "8"]
    return [str(folder), str(tmp_path / "out"), "--family", "mlp", "--size", "32", "--small-size", "16", *few]


@pytest.mark.slow
def test_three_are_trained_and_judged_and_nothing_is_made_twice(words, tmp_path, capsys):
    out = tmp_path / "out"
    stacked.main(words)
    found = json.loads((out / "stacked.json").read_text())
    for name in ("plain", "stacked", "small, enlarged"):
        assert found[name]["n_photos_shown"] == 4
        assert np.isfinite(found[name]["kernel_x_1000"])
    small = json.loads((out / "small" / "took.json").read_text())
    second = json.loads((out / "stacked" / "took.json").read_text())
    assert found["stacked"]["processor_s"] == pytest.approx(small["processor_s"] + second["processor_s"])
    both, alone = (load_generator(out / name / "generator") for name in ("stacked", "small"))
    assert both.small.state_dict()["pixels.weight"].equal(alone.state_dict()["pixels.weight"])
    assert alone(sample_w(alone, 0, 0)).shape == (1, 3, 16, 16)
    assert "small: 4 photos shown in" in capsys.readouterr().out
    stacked.main(words)
    told = capsys.readouterr().out
    assert "photos shown in" not in told
    assert "16 px, then 32 px" in told
    assert json.loads((out / "stacked.json").read_text()) == found


def test_processor_time_is_that_of_all_sittings():
    watch = stacked.ProcessorTime(100.0, 5)
    assert not watch.look(None, 5, dict).ends
    assert watch.go_on({"used_s": 99.9999}, {}).ends is False
    assert watch.used_s >= 99.9999
    assert watch.state()[0]["used_s"] >= 99.9999
    assert watch.go_on({"used_s": 100.0}, {}).ends
    assert watch.look(None, 10, dict).ends
    assert watch.identity == {"processor time": 100.0}
