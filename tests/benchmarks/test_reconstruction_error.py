"""The table of several generators, and what is said of their order."""

import json

import pytest
from benchmarks.reconstruction_error import Measured, main, verdict

from partly.project import evaluate_generator_verb
from tests.evaluation.generators.tiny import Thumbnails, pictures, tiny_generator, write_photos


def measured(name, error, kernel, spread=0.01):
    return Measured(name, (error, spread), (error, spread), 0.5, (kernel, spread))


def test_orders_that_agree_disagree_and_cannot_be_told():
    a, b = measured("a", 0.1, 0.2), measured("b", 0.3, 0.5)
    assert verdict([a, b]) == "MRE and kernel distance order 1 of 1 pairs of generators alike."
    assert "They disagree about a and c." in verdict([a, b, measured("c", 0.2, 0.1)])
    close = verdict([a, measured("d", 0.11, 0.9)])
    assert close.startswith("MRE and kernel distance order 0 of 1 pairs")
    assert close.endswith("Within twice the standard error of the difference: a and d.")
    assert verdict([a]) == "One generator has no order."


def test_a_table_of_two_generators(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(evaluate_generator_verb, "load_feature_network", lambda _name: Thumbnails())
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    good, bad = tiny_generator(), tiny_generator()
    bad.to_rgb.bias.data.add_(1)
    bad.digest = "1" * 64
    for name, generator in (("good", good), ("bad", bad)):
        generator.save(tmp_path / name, {})
    write_photos(tmp_path / "photos", pictures(good, 1, 12))
    write_photos(tmp_path / "held", pictures(good, 2, 4))
    line = [str(tmp_path / name) for name in ("photos", "held", "bad", "good")]
    sizes = ["--n", "4", "--steps", "60", "--starts", "2", "--pictures", "12", "--out", str(tmp_path / "out")]
    main([*line, *sizes])
    said = capsys.readouterr().out
    assert said.index("│ good") < said.index("│ bad")
    assert "order 1 of 1 pairs of generators alike" in said
    told = json.loads((tmp_path / "out" / "reconstruction-error.json").read_text())
    assert [one["name"] for one in told["measured"]] == ["bad", "good"]
    assert told["measured"][1]["held_out"][0] < told["measured"][0]["held_out"][0]
    assert told["measured"][1]["training"][0] == pytest.approx(told["measured"][1]["held_out"][0], abs=0.1)
    assert (tmp_path / "out" / "mre" / "good" / "generator-evaluation.html").is_file()
