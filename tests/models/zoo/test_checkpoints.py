import hashlib
import json

import pytest
import torch

from partly.cli.command_line import run
from partly.errors import BadModelFile, BadOption
from partly.models.zoo.checkpoint_import import default_folder, import_checkpoint, is_checkpoint
from partly.models.zoo.installed_models import load_generator
from partly.storage.model_folders import load_model
from tests.models.foreign import nvidia_look_alike, rosinality_look_alike


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A checkpoint in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cats.pt"
    state = rosinality_look_alike.random_state()
    torch.save({"g_ema": state, "latent_avg": torch.zeros(rosinality_look_alike.W_DIM)}, path)
    return path


def test_a_model_folder_comes_out(path, tmp_path):
    imported = import_checkpoint(path, tmp_path / "cats")
    assert (imported.format, imported.image_size_px, imported.was_there) == ("rosinality", 32, False)
    assert imported.remarks == ()
    card, _ = load_model(tmp_path / "cats", "generator/stylegan2")
    assert card.extra["title"] == "StyleGAN2 of cats.pt, 32 px"
    assert card.extra["licence"].startswith("As of its authors, whom Partly does not know")
    assert card.extra["checkpoint"] == {
        "file": "cats.pt",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "class": None,
        "format": "rosinality",
        "remarks": [],
    }
    generator = load_generator(tmp_path / "cats")
    w = generator.map(torch.randn(1, generator.z_dim))
    wanted = rosinality_look_alike.pictures(rosinality_look_alike.random_state(), w)
    torch.testing.assert_close(generator.synthesise(w).images, wanted, rtol=0, atol=1e-5)


def test_once_and_again(path, tmp_path):
    first = import_checkpoint(path, tmp_path / "cats")
    digest = load_generator(first.folder).digest
    second = import_checkpoint(path, tmp_path / "cats")
    assert (second.was_there, second.format, second.image_size_px) == (True, "rosinality", 32)
    (first.folder / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(
        BadOption, match=r"cats: holds another model. Give another folder with --out, or repl"
    ):
        import_checkpoint(path, tmp_path / "cats")
    assert not import_checkpoint(path, tmp_path / "cats", again=True).was_there
    assert load_generator(first.folder).digest == digest


def test_nothing_is_overwritten(path, tmp_path, generator):
    generator.save(tmp_path / "other", {})
    with pytest.raises(BadOption, match="other: holds another model"):
        import_checkpoint(path, tmp_path / "other")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/1.jpg").write_bytes(b"")
    with pytest.raises(BadOption, match=r"photos: holds other files, such as 1.jpg; expected a new or empty"):
        import_checkpoint(path, tmp_path / "photos", again=True)
    with pytest.raises(BadOption, match=r"cats.pt: is a file; expected a folder. Give one with --out"):
        import_checkpoint(path, path)


def test_nothing_is_kept_of_a_bad_file(path, tmp_path):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadModelFile, match="cannot be read"):
        import_checkpoint(path, tmp_path / "cats")
    assert not (tmp_path / "cats").exists()


def test_what_somebody_wants_to_get(path):
    assert is_checkpoint("cats.pt")
    assert not is_checkpoint("cats")
    path.rename("ffhq")
    assert not is_checkpoint("ffhq")
    assert is_checkpoint("./ffhq")
    assert str(default_folder(path)) == "cats"


def test_the_verb(path, tmp_path, capsys):
    assert run(["get", "cats.pt"]) == 0
    said = capsys.readouterr().out
    assert "Importing cats.pt …\ncats.pt is here now: cats (32 px)\n" in said
    assert "Next: partly new PROJECT --generator cats --parts" in said
    assert run(["get", "cats.pt", "--json"]) == 0
    captured = capsys.readouterr()
    assert "cats.pt is there already: cats (32 px)" in captured.err
    assert json.loads(captured.out) == [
        {
            "name": "cats.pt",
            "folder": "cats",
            "kind": "generator",
            "format": "rosinality",
            "image_size_px": 32,
            "remarks": [],
            "was_there": True,
        }
    ]
    assert run(["new", "my-cats", "--generator", "cats", "--parts", "background,cat"]) == 0


def test_classes_by_the_verb(tmp_path, monkeypatch, capsys):
    nvidia_look_alike.fake_packages(monkeypatch)
    monkeypatch.chdir(tmp_path)
    theirs = nvidia_look_alike.random_generator(nvidia_look_alike.Config(c_dim=3))
    del theirs.modules["mapping"].buffers["w_avg"]
    (tmp_path / "animals.pkl").write_bytes(nvidia_look_alike.pickled(theirs))
    assert run(["get", "animals.pkl"]) == 2
    assert "its generator knows 3 classes, and none is chosen" in capsys.readouterr().err
    assert run(["get", "animals.pkl", "--class", "1", "--out", "dogs"]) == 0
    assert (
        "Note: it has no w_avg: the mean of w was computed from 10,000 latents.\n" in capsys.readouterr().out
    )
    card, _ = load_model(tmp_path / "dogs", "generator/stylegan2")
    assert card.extra["title"] == "StyleGAN2 of animals.pkl, 32 px, class 1"
    assert run(["get", "animals.pkl", "--class", "2", "--out", "dogs"]) == 2
    assert "dogs: holds another model" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["cats.pt", "--from", "x.whl"],
        ["ffhq", "--out", "x"],
        ["ffhq", "--class", "1"],
        ["cats.pt", "ffhq", "--out", "x"],
    ],
)
def test_options_that_do_not_belong_together(path, words, capsys):
    assert run(["get", *words]) == 2
    assert "give" in capsys.readouterr().err


def test_neither_name_nor_file(capsys):
    assert run(["get", "moon.pkl"]) == 2
    said = capsys.readouterr().err
    assert "there is nothing called 'moon.pkl' to get; expected one of ffhq, dinov2-small, efficient" in said
    assert "or the file of a checkpoint" in said
