"""Objects without a generator: draws of labelled photos, and the networks made from them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Cell
from experiments.objects import object_photos
from experiments.runner import run_experiment
from experiments.studies import photo_networks
from PIL import Image

from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.head_training import HeadConfig
from tests.fakes import thing_labels, thing_photo, tiny_encoder

N = 8
WITHOUT_TAIL = ("images/p5.jpg", "images/p6.jpg")


def coded(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def data(tmp_path):
    """Horses that are things with a head, legs and a tail of one pixel each, and photos without labels."""
    with zipfile.ZipFile(tmp_path / "horses.zip", "w") as file:
        for i in range(N):
            labels = 2 * thing_labels(40, 56, i)
            labels[0, :4] = 1, 3, 3, 0 if f"images/p{i}.jpg" in WITHOUT_TAIL else 4
            file.writestr(f"images/p{i}.jpg", coded(thing_photo(40, 56, i), "JPEG"))
            file.writestr(f"labels/p{i}.png", coded(labels, "PNG"))
        for i in range(N, N + 4):
            file.writestr(f"images/p{i}.jpg", coded(thing_photo(40, 56, i), "JPEG"))
    return tmp_path


def test_a_photo_that_is_proposed_alone_shows_every_part(data, tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.objects._N_PROPOSED", N)
    photos = object_photos(data, "horses", tiny_encoder().at_size(56), tmp_path / "features")
    alone = [photos.proposed(1, draw)[0].photo for draw in range(N - len(WITHOUT_TAIL))]
    assert sorted(alone) == sorted(set(photos.known) - set(WITHOUT_TAIL))
    [first, second] = [photos.proposed(3, draw) for draw in (0, 0)]
    assert [one.photo for one in first] == [one.photo for one in second]
    assert len({one.photo for one in first}) == 3
    assert not {one.photo for one in first} & set(photos.measured(first))


def test_networks_without_a_generator(data, bench, monkeypatch):
    quick = DistilConfig(
        size_px=32,
        architecture="unet-small",
        pretrained=False,
        n_steps=200,
        painted_share=0.85,
        second_round=0.5,
    )
    monkeypatch.setattr(photo_networks, "FROM_PHOTOS", quick)
    monkeypatch.setattr(photo_networks, "load_encoder", lambda _name, _px: tiny_encoder().at_size(56))
    heads = HeadConfig(n_steps=2, batch_size=2, label_px=16)
    monkeypatch.setattr(head_distillation, "HeadConfig", lambda: heads)
    monkeypatch.setattr("partly.synthesis.distil.own_photos._N_CHANGED", 2)
    settings = {"object": "horses", "n_labels": 2, "draw": 0, "proposed": False, "n_steps": 40}
    made = replace(EXPERIMENTS["photo-networks"], cells=(Cell("c", settings),), reads_photos=False)
    [row] = run_experiment(made, replace(bench, data=data))[1]
    for kind in ("teacher", "fast", "best"):
        assert row.figures[f"{kind}_n_pictures"] == N - 2
        assert row.figures[f"{kind}_parts"]["body"] > 40
