"""Small, then large: the family stacked from photos to a model folder, and what a user then does with it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.labels.label_maps import write_label_map
from partly.models.generators.generator_table import load_generator
from partly.project.trainings.generator_training import train_generator
from partly.storage.model_folders import load_card
from partly.training.recipes.recipe_table import choices_for
from tests.fakes import TWO_PARTS


@pytest.fixture(scope="module")
def stacked(tmp_path_factory):
    """A second stage of 32 px, trained by the command line on a small generator, whose folder is gone."""
    folder = tmp_path_factory.mktemp("stacked")
    photos, small, out = (folder / name for name in ("photos", "small", "out"))
    photos.mkdir()
    draws = np.random.default_rng(0)
    for index in range(6):
        Image.fromarray(draws.integers(0, 256, (40, 36, 3), dtype=np.uint8)).save(photos / f"{index}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
        train_generator(photos, small, choices_for("mlp", size_px=16, n_photos_shown=4, batch_size=4))
        words = ["train", str(photos), str(out), "--family", "stacked", "--stack-on", str(small), "--size"]
        assert run([*words, "32", "--width", "0.25", "--photos-shown", "8", "--batch", "4"]) == 0
    first = load_generator(small)
    shutil.rmtree(small)
    return out, first


def test_the_folder_is_one_generator_with_both_stages(stacked):
    out, small = stacked
    generator = load_generator(out)
    assert (generator.image_size_px, generator.z_dim) == (32, small.z_dim + 16)
    assert all(
        tensor.equal(generator.small.state_dict()[name]) for name, tensor in small.state_dict().items()
    )
    training = load_card(out).extra["training"]
    assert (training["family"], training["stack_on"]) == ("stacked", str(out.parent / "small"))
    assert "stacked of 32 px, trained on 6 photos" in (out / "index.html").read_text()


def test_the_small_generator_must_be_named_and_there(stacked, tmp_path, capsys):
    out, _ = stacked
    words = [str(out.parent / "photos"), str(tmp_path / "new"), "--family", "stacked", "--size", "32"]
    assert run(["train", *words, "--stack-on", str(out.parent / "small")]) == 1
    assert f"{out.parent / 'small'}: is no generator; expected a model folder" in capsys.readouterr().err
    assert run(["train", *words]) == 2
    assert "no generator to stack a second stage on" in capsys.readouterr().err


def test_a_project_on_it_proposes_and_fits(stacked, tmp_path, capsys):
    def told(*words):
        capsys.readouterr()
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    folder = str(tmp_path / "things")
    told("new", folder, "--generator", str(stacked[0]), "--parts", "background,thing")
    [picture] = told("pictures", folder, "--n", "1", "--candidates", "4")["pictures"]
    with Image.open(picture["path"]) as image:
        assert image.size == (32, 32)
    label_map = np.zeros((32, 32), np.uint8)
    label_map[8:24, 8:24] = 1
    write_label_map(tmp_path / f"{picture['id']}.png", label_map, TWO_PARTS)
    told("label", folder, str(tmp_path / f"{picture['id']}.png"))
    assert Path(told("fit", folder)["previews"]).is_file()
