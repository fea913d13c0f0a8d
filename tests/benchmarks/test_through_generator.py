"""Both ways on photos with truth, a table, a page, and a stop that costs nothing."""

import io
import zipfile

import numpy as np
from benchmarks.through_generator import main
from PIL import Image

from partly.data.labels import FACE_PARTS, Annotation, save_annotation
from partly.models.generators import sample_w
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.project.fit_verb import fit_project


def as_file(pixels, suffix):
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, suffix)
    return held.getvalue()


def write_faces(file, n):
    draws = np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as written:
        for i in range(n):
            written.writestr(
                f"images/{i}.jpg", as_file(draws.integers(0, 256, (48, 48, 3), np.uint8), "JPEG")
            )
            written.writestr(f"labels/{i}.png", as_file(draws.integers(0, 19, (48, 48), np.uint8), "PNG"))


def test_both_ways_are_compared(make_project, generator, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    project = make_project(part_set=FACE_PARTS)
    w = sample_w(generator, 7, 0)[0].numpy().copy()
    labels = np.arange(64)[:, None] // 7 + np.zeros((64, 64), int)
    save_annotation(
        project.annotations, Annotation("p", labels.astype(np.uint8), w, generator.digest), FACE_PARTS
    )
    fit_project(project)
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
