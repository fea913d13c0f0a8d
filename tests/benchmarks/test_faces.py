"""A network for faces beside truth: its figures are those of the study's, and a picture shows both."""

import json

import pytest
from benchmarks.faces import main
from experiments.photos import photos
from experiments.scoring import photo_figures
from PIL import Image

from experiments import scoring
from partly.data.labels import FACE_PARTS
from partly.inference.segment import ViewOptions
from partly.models.networks import load_network
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.benchmarks.faces_zip import write_faces


@pytest.mark.slow
def test_figures_are_those_of_the_experiments(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(tmp_path / "network")
    write_faces(tmp_path / "faces_labelled_512.zip", 3)
    line = [str(tmp_path / "network"), "--data", str(tmp_path), "--photo-px", "48", "--photos", "2"]
    main([*line, "--out", str(tmp_path / "out")])
    network = load_network(tmp_path / "network").for_inference()
    expected = photo_figures(network, photos(tmp_path, "choices", 2), 48)
    assert json.loads((tmp_path / "out" / "faces.json").read_text()) == expected
    views = []
    segment = scoring.segment_photo
    monkeypatch.setattr(
        scoring, "segment_photo", lambda *photo, **view: views.append(view) or segment(*photo, **view)
    )
    main([*line, "--out", str(tmp_path / "thorough"), "--thorough"])
    assert views == [ViewOptions(mirror=True, thorough=True).view()] * 2
    with Image.open(tmp_path / "out" / "faces.png") as shown:
        width, height = shown.size
    assert width > 6 * 48
    assert 48 < height < 2 * 48
