"""A generator is tuned towards a photo, and both label maps are measured; a stop costs nothing."""

import json

import pytest
import torch
from benchmarks.tuned_generator import AFTER, BEFORE, main, tune

from partly.models.generators import sample_w
from partly.project import ThroughGenerator, network_through_generator
from tests.benchmarks.faces_zip import project_of_faces, write_faces


def test_both_generators_are_measured(make_project, generator, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    project = project_of_faces(make_project, generator)
    write_faces(tmp_path / "faces_labelled_512.zip", 2)
    line = [str(project.folder), "--data", str(tmp_path), "--n", "2", "--steps", "2", "--tuning-steps", "8"]
    line += ["--out", str(tmp_path / "out")]
    main(line)
    said = capsys.readouterr().out
    assert said.count("distance {") == 2
    [before, after] = json.loads((tmp_path / "out" / "figures.json").read_text())["figures"]
    assert (before["generator"], after["generator"]) == (BEFORE, AFTER)
    assert after["distance"] < before["distance"]
    main(line)
    assert "distance {" not in capsys.readouterr().out


def test_tuning_leaves_the_generator_itself_as_it_is(make_project, generator):
    project = project_of_faces(make_project, generator)
    network = network_through_generator(project.folder, ThroughGenerator(is_chosen=True, n_steps=0))
    before = {name: value.clone() for name, value in network.generator.state_dict().items()}
    tuned = tune(network, torch.zeros(1, 3, 64, 64), sample_w(generator, 1, 0), 1)
    assert all(torch.equal(value, before[name]) for name, value in network.generator.state_dict().items())
    changed = [not torch.equal(value, before[name]) for name, value in tuned.state_dict().items()]
    assert any(changed)


def test_without_a_project(tmp_path):
    with pytest.raises(Exception, match="project"):
        main([str(tmp_path), "--data", str(tmp_path)])
