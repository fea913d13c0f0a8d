"""``partly invert``, from the command line to the page."""

import json

import numpy as np
import pytest
import torch

from partly.cli.command_line import INTERRUPTED, run
from partly.data.photos import write_png
from partly.inference.invert import read_latent
from partly.models.encoders.latent_encoder import LatentEncoder, LatentEncoderShape
from partly.models.generators import load_generator, sample_w
from partly.models.generators.picture_pixels import pixels_of
from partly.models.generators.vae_decoder import KIND as VAE
from partly.project import learn_encoder_verb
from partly.project.invert_verb import encoder_folder_of
from partly.project.project_folder import create_project
from partly.project.project_settings import Settings
from tests.fakes import TWO_PARTS
from tests.inference.invert.tiny_generators import lively


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    lively(VAE).save(folder, {"title": "tiny"})
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, generator = tmp_path_factory.mktemp("photos"), lively(VAE)
    for i in range(3):
        write_png(folder / f"{i}.png", pixels_of(generator.synthesise(sample_w(generator, 5, i))))
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICK = ["--steps", "3"]


def test_latents_pictures_and_a_page(model, photos, here, capsys):
    (photos.parent / "notes.txt").touch()
    assert run(["invert", str(model), str(photos), *QUICK]) == 0
    said = capsys.readouterr()
    for text in (
        "compared by pixels alone, since LPIPS is not on this machine. It sees more as people do: partly get",
        "There is no encoder of this generator: partly invert --learn makes searches much shorter.",
        "3 photos to find: 3 steps each, about 0:00:01 on cpu, float32.",
        "Found 3 photos: inverted",
        "Page: inverted/index.html",
    ):
        assert text in said.out
    assert "searching: 9 of 9" in said.err
    folder = here / "inverted"
    for i in range(3):
        assert read_latent(folder / "latents" / f"{i}.safetensors", load_generator(model)).shape == (1, 5)
        assert (folder / "pictures" / f"{i}.png").is_file()
        assert (folder / "beside" / f"{i}.jpg").is_file()
    page = (folder / "index.html").read_text()
    assert page.count("data:image/jpeg") == 6
    for text in ("0.png: the photo", "2.png: the picture", "pixel distance", "3 steps"):
        assert text in page
    assert "http" not in page.replace("http-equiv", "")
    assert run(["invert", str(model), str(photos), *QUICK]) == 0
    assert "Found 0 photos, 3 were done already: inverted" in capsys.readouterr().out


def test_script_output(model, photos, capsys):
    line = ["invert", str(model), str(photos / "1.png"), *QUICK, "--out", "out", "--json"]
    assert run(line) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["inverted"] == ["1.png"]
    assert told["encoder"] is None
    (photo,) = told["photos"]
    assert photo["name"] == "1.png"
    assert photo["space"] == "z"
    assert photo["distance_name"] == "pixel distance"
    assert 0 < photo["distance"] < 1
    assert photo["latent"] == "latents/1.safetensors"
    assert told["page"] == "out/index.html"


def test_the_generator_of_a_project(model, photos, here, capsys):
    create_project(here / "project", Settings(str(model), TWO_PARTS))
    assert run(["invert", "project", str(photos / "0.png"), *QUICK]) == 0
    assert "Found 1 photos" in capsys.readouterr().out


def save_encoder(folder, generator):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = LatentEncoder(LatentEncoderShape(generator.w_dim, 32, 6))
    encoder.save(folder, {"parents": {"generator_sha256": generator.digest}})


def test_searches_begin_with_the_encoder_that_is_there(model, photos, capsys):
    generator = load_generator(model)
    save_encoder(encoder_folder_of(generator), generator)
    assert run(["invert", str(model), str(photos), "--steps", "0", "--json"]) == 0
    said = capsys.readouterr()
    assert "3 photos to find, by the encoder alone, on cpu, float32." in said.err
    assert f"Searches begin where the encoder says: {encoder_folder_of(generator)}." in said.err
    told = json.loads(said.out)
    assert told["encoder"] == str(encoder_folder_of(generator))
    assert [photo["n_steps"] for photo in told["photos"]] == [0, 0, 0]


def test_an_encoder_of_another_generator(model, photos, here, capsys):
    save_encoder(here / "other", lively(VAE, seed=1))
    assert run(["invert", str(model), str(photos), "--encoder", "other"]) == 1
    error = capsys.readouterr().err
    assert "other: is an encoder of another generator (sha256 " in error
    assert "Learn one for this generator: partly invert --learn GENERATOR" in error
    assert not (here / "inverted").exists()


def test_photos_that_fail(model, photos, here, capsys):
    write_png(here / "small.png", np.zeros((4, 4, 3), np.uint8))
    assert run(["invert", str(model), str(photos / "0.png"), "small.png", *QUICK]) == 4
    error = capsys.readouterr().err
    assert "1 of 2 photos have no latent: " in error
    assert "is 4 x 4 px, smaller than the generator's pictures (16 px, compared at 16 px)" in error
    assert "--enlarge" in error
    page = (here / "inverted" / "index.html").read_text()
    assert "Photos without a latent" in page
    assert run(["invert", str(model), str(photos / "0.png"), "small.png", *QUICK, "--enlarge"]) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{model}"], 2, "Missing argument 'PHOTO...'."),
        (["moon", "{photos}"], 1, "moon: is no generator; expected a model folder with model.json"),
        (["{model}", "nowhere"], 1, "nowhere: no such file"),
        (["{model}", "."], 1, ".: holds no photos"),
        (["{model}", "{photos}", "--space", "w+"], 2, "space w+ of a generator without a mapping"),
        (["{model}", "{photos}", "--class", "cat"], 2, "the generator knows no class 'cat'; expected none"),
        (["{model}", "{photos}", "--distance", "lpips"], 3, "Run: partly get lpips"),
        (["{model}", "{photos}", "--steps", "-1"], 2, "n_steps is -1; expected 0 or more"),
        (["{model}", "{photos}", "--encoder", "nowhere"], 1, "nowhere/model.json: no such file"),
        (["--learn", "{model}", "{photos}"], 2, "--learn takes neither photos nor --encoder"),
        (["--learn", "{model}", "--learn-size", "50"], 2, "size_px is 50; expected a multiple of 32"),
    ],
)
def test_errors(words, code, said, model, photos, capsys):
    words = [word.format(model=model, photos=photos) for word in words]
    assert run(["invert", *words]) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


LEARN = ["--learn-pictures", "8", "--learn-steps", "2", "--learn-batch", "4", "--learn-size", "32"]


def test_an_encoder_is_learned_and_used(model, photos, here, capsys):
    line = ["invert", "--learn", str(model), *LEARN]
    assert run(line) == 0
    said = capsys.readouterr()
    folder = encoder_folder_of(load_generator(model))
    assert "EfficientNet-lite0 is not on this machine, so that the encoder begins with random" in said.out
    assert "8 pictures to make, then 2 steps of 4 pictures: at most about 0:00:0" in said.out
    assert f"The encoder is here now: {folder}. It knows " in said.out
    assert "making pictures: 8 of 8" in said.err
    assert "learning: 2 of 2  unknown of latents" in said.err
    card = json.loads((folder / "model.json").read_text())
    assert card["parents"] == {"generator_sha256": load_generator(model).digest}
    assert not (folder / ".training").exists()
    assert run([*line, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_there"] is True
    assert run([*line, "--learn-seed", "1"]) == 2
    assert "holds an encoder with learn_seed 0, not 1; expected the same" in capsys.readouterr().err
    assert run(["invert", str(model), str(photos), "--steps", "1"]) == 0
    assert f"Searches begin where the encoder says: {folder}." in capsys.readouterr().out


def test_learning_goes_on_after_a_stop(model, here, monkeypatch, capsys):
    line = ["invert", "--learn", str(model), *LEARN, "--out", "encoder"]
    real = learn_encoder_verb.train_latent_encoder

    def stopped(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(learn_encoder_verb, "train_latent_encoder", stopped)
    assert run(line) == INTERRUPTED
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.setattr(learn_encoder_verb, "train_latent_encoder", real)
    assert run(line) == 0
    assert "0 pictures to make, then 2 steps" in capsys.readouterr().out
    assert (here / "encoder" / "model.json").is_file()
