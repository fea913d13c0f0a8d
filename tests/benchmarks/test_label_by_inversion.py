"""Both ways are fitted and measured, and latents are searched for once."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from benchmarks.label_by_inversion import FoundPhotos, main

from benchmarks import label_by_inversion
from partly.data.labels import UNLABELLED
from partly.fewshot.fitting import ON_PHOTOS, FewShotConfig
from partly.models.generators import sample_w
from tests.benchmarks.test_through_generator import write_faces
from tests.fakes import tiny_encoder


@pytest.fixture
def here(tmp_path, monkeypatch, generator):
    write_faces(tmp_path / "faces_labelled_512.zip", 154)
    monkeypatch.setattr("torch.set_num_threads", lambda _n: None)
    monkeypatch.setattr(label_by_inversion, "load_encoder", lambda _name, _px: tiny_encoder())
    monkeypatch.setattr("experiments.objects.N_OTHERS", 3)
    quick = {"n_statistics": 2, "n_self_training": 0}
    monkeypatch.setattr(label_by_inversion, "ON_PHOTOS", replace(ON_PHOTOS, **quick))
    monkeypatch.setattr(label_by_inversion, "FewShotConfig", partial(FewShotConfig, **quick))
    return tmp_path


def test_both_ways_are_measured(here, generator_folder, capsys):
    line = [str(generator_folder), "--data", str(here), "--draws", "2", "--n", "2", "--steps", "2"]
    line += ["--compared-at", "16", "--out", str(here / "out")]
    main(line)
    said = capsys.readouterr().out
    assert said.count("label images/") == 4
    assert "photo features" in said
    ways = json.loads((here / "out" / "figures.json").read_text())["ways"]
    assert [len(way["pooled"]) for way in ways] == [2, 2]
    assert "4 photos to find" in said
    main(line)
    assert "0 photos to find, 4 done already" in capsys.readouterr().out


def test_what_is_said_of_a_photo_is_cut_out_of_the_square(generator):
    latent = sample_w(generator, 0, 0)[0].numpy().copy()
    found = FoundPhotos(generator, {"images/a.jpg": latent})
    label_map = np.ones((30, 60), np.uint8)
    moved = found.annotation("images/a.jpg", label_map)
    assert (moved.label_map[16:48] == 1).all()
    assert (moved.label_map[:16] == UNLABELLED).all()

    def in_the_middle(pyramid, size_px):
        logits = pyramid.maps[-1].new_zeros(1, 2, size_px, size_px)
        logits[:, 1, size_px // 4 : -size_px // 4] = 1
        return logits

    assert (found.said_by(in_the_middle, "images/a.jpg", (30, 60)) == 1).all()
