"""Both ways on photos with truth, a table, a page, and a stop that costs nothing."""

from benchmarks.through_generator import main

from partly.data.labels import FACE_PARTS
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.benchmarks.faces_zip import project_of_faces, write_faces


def test_both_ways_are_compared(make_project, generator, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    project = project_of_faces(make_project, generator)
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(project.auto_shot, {})
    write_faces(tmp_path / "faces_labelled_512.zip", 2)
    line = [str(project.folder), "--data", str(tmp_path), "--n", "2", "--size", "48", "--steps", "2"]
    line += ["--out", str(tmp_path / "out")]
    main(line)
    said = capsys.readouterr().out
    assert said.count("images/") == 4
    assert "through the generator" in said
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("data:image/jpeg") == 2 * 5
    main(line)
    again = capsys.readouterr().out
    assert "images/" not in again
    assert "auto-shot network" in again
