"""``partly evaluate-generator``, from the command line to the page."""

import json
import zipfile

import numpy as np
import pytest

from partly.cli.command_line import INTERRUPTED, run
from partly.project import evaluate_generator_verb as project_step
from partly.project.project_folder import create_project
from partly.project.project_settings import Settings
from tests.evaluation.generators.tiny import Thumbnails, pictures, tiny_generator, write_photos
from tests.fakes import TWO_PARTS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_generator().save(folder, {"title": "tiny"})
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, pictures(tiny_generator(), 1, 30))
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Results go to a folder of the test's own; features are quick ones, unless the test asks for others."""
    monkeypatch.chdir(tmp_path)
    load = project_step.load_feature_network
    monkeypatch.setattr(
        project_step,
        "load_feature_network",
        lambda name: Thumbnails() if name == "builtin" else load(name),
    )
    return tmp_path


def test_figures_json_and_page(model, photos, here, capsys):
    assert run(["evaluate-generator", str(model), str(photos), "--pictures", "30"]) == 0
    said = capsys.readouterr()
    for name in ("Kernel distance (thumbnails)", "Coverage", "Suspected copies", "30 pictures, 30 photos"):
        assert name in said.out
    assert "too large with few pictures" in said.out
    assert "looking at photos: 30 of 30" in said.err
    folder = here / "generator-evaluation"
    told = json.loads((folder / "generator-evaluation.json").read_text())
    assert told["n_pictures"] == 30
    page = (folder / "generator-evaluation.html").read_text()
    assert page.count("data:image/jpeg") == 30 + 2 * 12
    assert "FID" not in page.replace("no FID", "")
    assert "http" not in page.replace("http-equiv", "")


def test_script_output(model, photos, tmp_path, capsys):
    line = ["evaluate-generator", str(model), str(photos), "--pictures", "8", "--seed", "3", "--fit", "pad"]
    assert run([*line, "--out", str(tmp_path / "x"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"] == str(tmp_path / "x" / "generator-evaluation.html")
    assert (told["seed"], told["n_photos"], told["network"]) == (3, 30, "thumbnails")


def test_a_project_stands_for_its_generator(model, photos, tmp_path, capsys):
    create_project(tmp_path / "project", Settings(str(model), TWO_PARTS))
    found = []
    for generator in (model, tmp_path / "project"):
        assert run(["evaluate-generator", str(generator), str(photos), "--pictures", "9", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        found.append({name: told[name] for name in ("frechet", "kernel", "manifold")})
    assert found[0] == found[1]


def test_broken_photos_are_listed(model, photos, tmp_path, capsys):
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for path in sorted(photos.iterdir()):
            written.write(path, path.name)
        written.writestr("broken.png", b"no picture")
    assert run(["evaluate-generator", str(model), str(archive), "--pictures", "8"]) == 4
    said = capsys.readouterr()
    assert "Error: 1 photos could not be read: " in said.err
    assert "broken.png" in said.err
    assert "All others are counted: mend or remove these." in said.err
    page = (tmp_path / "generator-evaluation/generator-evaluation.html").read_text()
    assert "Skipped photos" in page


def test_it_goes_on_after_a_stop(model, photos, monkeypatch, capsys):
    seen = []
    real = Thumbnails.features

    def features(self, images):
        seen.append(len(images))
        if sum(seen) > 30:
            raise KeyboardInterrupt
        return real(self, images)

    monkeypatch.setattr(Thumbnails, "features", features)
    line = ["evaluate-generator", str(model), str(photos), "--pictures", "8"]
    assert run(line) == INTERRUPTED
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.setattr(Thumbnails, "features", lambda self, images: seen.append(0) or real(self, images))
    seen.clear()
    assert run(line) == 0
    assert len(seen) == 2  # the pictures alone, in batches of 7 and 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["moon", "{photos}"],
            1,
            "moon: is no generator; expected a model folder with model.json, or one of",
        ),
        (
            ["ffhq", "{photos}"],
            3,
            "'ffhq' (generator of faces, 1024 px (weights for research use)) is not on",
        ),
        (["{model}", "nowhere"], 1, "nowhere: no such file"),
        (["{model}", "{photos}", "--pictures", "3"], 2, "there are 3 pictures to measure with; expected 4"),
        (["{model}", "{photos}/000.png"], 2, "there are 1 photos to measure with; expected 6 or more"),
        (["{model}", "{photos}", "--features", "inception"], 3, "Run: partly get inception. Or measure with"),
        (["{model}", "{photos}", "--features", "vgg"], 2, "'vgg' is not one of 'builtin', 'inception'"),
        (["{model}", "{photos}", "--fit", "stretch"], 2, "'stretch' is not one of 'crop', 'pad'"),
    ],
)
def test_errors(words, code, said, model, photos, capsys):
    words = [word.format(model=model, photos=photos) for word in words]
    assert run(["evaluate-generator", *words]) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_with_the_built_in_network(model, photos, monkeypatch, tmp_path, capsys):
    monkeypatch.undo()
    monkeypatch.setenv("PARTLY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert run(["evaluate-generator", str(model), str(photos), "--pictures", "30", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["network"] == "builtin"
    # Pictures of the same generator, of another seed.
    assert told["manifold"]["coverage"] > 0.6
    assert abs(told["kernel"]["mean"]) < 5 * told["kernel"]["standard_error"]
    assert np.isfinite(told["frechet"])


def test_held_out_photos(model, photos, here, capsys):
    held_out = here / "held-out"
    write_photos(held_out, pictures(tiny_generator(), 2, 3))
    (held_out / "bad.png").write_bytes(b"no photo")
    line = ["evaluate-generator", str(model), str(photos), "--pictures", "8", "--held-out", str(held_out)]
    line += ["--mre-photos", "3", "--mre-steps", "5", "--mre-starts", "1", "--json"]
    assert run(line) == 4
    said = capsys.readouterr()
    found = json.loads(said.out)["reconstruction"]
    assert (found["training"]["n_photos"], found["held_out"]["n_photos"]) == (3, 3)
    assert found["gap"] == pytest.approx(found["held_out"]["mean"] - found["training"]["mean"])
    assert "6 photos to find, 1 x 5 steps each, about" in said.err
    assert "bad.png" in said.err
    assert "nearest picture" in (here / "generator-evaluation" / "generator-evaluation.html").read_text()
    assert run(line) == 4
    assert "all of 6 photos found before" in capsys.readouterr().err


def test_held_out_photos_of_which_none_is_searched_for(model, photos, here, capsys):
    line = ["evaluate-generator", str(model), str(photos), "--held-out", str(photos), "--mre-photos", "0"]
    assert run(line) != 0
    assert "Leave out one of both" in capsys.readouterr().err


def test_what_differs(model, photos, tmp_path, capsys):
    line = ["evaluate-generator", str(model), "--pictures", "8", "--what-differs", "--json"]
    assert run([*line, str(photos)]) == 2
    assert "there are 30 photos to tell pictures from; expected 40 or more" in capsys.readouterr().err
    more = tmp_path / "more"
    more.mkdir()
    write_photos(more, pictures(tiny_generator(), 2, 40))
    assert run([*line, str(more), "--out", str(tmp_path / "x")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differences"]["n_tested"] == 20
    assert "Photos that are least like pictures" in (tmp_path / "x" / "generator-evaluation.html").read_text()
