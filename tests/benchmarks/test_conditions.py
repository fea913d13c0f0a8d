"""The benchmarks of classes and codes, on a few digits that are bars and points."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from benchmarks.info_gan_networks import with_paper_networks
from benchmarks.trained_digits import PHOTOS, LearnedFrom

from benchmarks import conditional, info_gan
from partly.errors import BadPhoto
from partly.training.recipes import choices_for, training_plan, with_defaults
from tests.benchmarks.mnist_files import write_mnist


def test_codes_are_matched_so_that_most_agree():
    # Each code's own favourite would give digit 0 twice.
    counts = torch.tensor([[9, 8, 0], [10, 1, 0], [0, 0, 5]])
    assert info_gan.best_match(counts) == (1, 0, 2)
    codes = torch.tensor([0] * 8 + [0] + [1] * 9 + [2] * 2)
    digits = torch.tensor([1] * 8 + [2] + [0] * 9 + [2] * 2)
    error, order = info_gan.matched_error(codes, digits, 3)
    assert order == (1, 0, 2)
    assert error == pytest.approx(1 / 20)
    assert info_gan.matched_error(digits, digits, 3) == (0, (0, 1, 2))


def test_the_seed_is_picked_by_information_alone():
    results = {
        "0": {"information, nats": 2.1, "error of digits": 0.5},
        "1": {"information, nats": 2.0, "error of digits": 0.01},
    }
    assert info_gan.picked(results) == "0"


def test_the_information_is_that_of_the_last_tenth(tmp_path):
    lines = [json.dumps({"information": value}) for value in [0.0] * 18 + [1.0, 2.0]]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert info_gan.information_at_the_end(tmp_path / "log.jsonl") == 1.5


@pytest.fixture
def data(tmp_path):
    """Sixty-four digits to learn from, and twenty others."""
    return write_mnist(tmp_path / "data")


@pytest.mark.slow
@pytest.mark.parametrize("networks", info_gan.NETWORKS)
def test_codes_that_were_judged_are_not_judged_again(data, tmp_path, monkeypatch, networks):
    out = tmp_path / "out"
    smaller = replace(info_gan.NETWORKS[networks], choices={"batch_size": 32})
    monkeypatch.setitem(info_gan.NETWORKS, networks, smaller)

    def judged():
        info_gan.run(data, out, range(2), n_shown=128, n_rounds=1, n_pictures=20, networks=networks)
        return json.loads((out / f"info-gan-{networks}-shapes.json").read_text())

    first = judged()
    assert list(first["seeds"]) == ["0", "1"]
    for figures in first["seeds"].values():
        assert 0 <= figures["error of digits"] <= 1
        assert figures["information, nats"] <= np.log(10)
    # The discriminator of a finished training says again what it said.
    (out / f"{networks}-shapes-seed-1-128" / "figures.json").unlink()
    assert judged() == first
    monkeypatch.setattr(info_gan, "trained_players", None)
    assert judged() == first


def test_the_networks_of_the_paper_see_all_of_a_picture_at_once():
    choices = choices_for("dcgan", size_px=32, codes=10, continuous_codes=2, n_photos_shown=128, seed=3)
    plan = with_paper_networks(training_plan(with_defaults(choices)))
    generator, discriminator = plan.players.generator, plan.players.discriminator
    assert (generator.z_dim, generator.w_dim) == (62 + 2, 62 + 2 + 10)
    made = generator.synthesise(torch.randn(2, 1, 74))
    assert [maps.shape[1:] for maps in made.pyramid.maps] == [(128, 8, 8), (64, 16, 16)]
    judged = discriminator(made.images)
    assert (judged.scores.shape, judged.heads["code"].shape) == ((2,), (2, 12))
    again = with_paper_networks(training_plan(with_defaults(choices))).players.generator
    assert all(torch.equal(*pair) for pair in zip(generator.parameters(), again.parameters(), strict=True))


@pytest.mark.slow
def test_a_training_with_classes_that_was_judged_is_not_judged_again(data, tmp_path, monkeypatch):
    out = tmp_path / "out"
    figures = conditional.run(data, out, "auxiliary", n_shown=128, n_rounds=1, n_pictures=20)
    monkeypatch.setattr(conditional, "trained_players", None)
    assert conditional.run(data, out, "auxiliary", n_shown=128, n_rounds=1, n_pictures=20) == figures


def test_digits_that_are_not_there(tmp_path):
    with pytest.raises(BadPhoto, match=f"{PHOTOS}: is not there; expected the four files of MNIST"):
        LearnedFrom.read(tmp_path, tmp_path, 32)
