"""Which family is trained where nobody says it."""

import json

import pytest
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.errors import BadOption
from partly.machine.machine_options import MachineOptions
from partly.project.trainings.begun_family import family_of_training
from partly.training.recipes.families_by_machine import usual_family
from partly.training.recipes.recipe_table import choices_for


@pytest.fixture
def devices(monkeypatch):
    """Says which devices there are; none but the processor at first."""

    def there(*names):
        monkeypatch.setattr("partly.machine.devices.devices_here", lambda: ("cpu", *names))

    there()
    return there


def test_it_is_stylegan2_on_a_cuda_gpu_and_light_elsewhere(devices):
    assert usual_family().name == "light"
    assert choices_for(size_px=128).family == "light"
    devices("mps")
    assert usual_family(machine_options=MachineOptions(device="mps")).name == "light"
    devices("cuda", "cuda:0")
    assert usual_family().name == "stylegan2"
    assert choices_for().family == "stylegan2"
    # It is where the training runs that counts, and not what is there.
    assert usual_family(machine_options=MachineOptions(device="cpu")).name == "light"
    with pytest.raises(BadOption, match="device cuda:1 is not there"):
        usual_family(machine_options=MachineOptions(device="cuda:1"))


def test_a_size_that_light_cannot_have(devices):
    assert str(usual_family(1024)) == (
        "The family is stylegan2, since light has no pictures of 1024 px (but a power of two from 32 to "
        "512), and takes very long without a CUDA GPU; --family chooses another."
    )
    assert usual_family(512).name == "light"
    text = (
        "^pictures of 48 px, and no --family; expected a power of two from 32 to 512. Choose such a --size; "
        "or name a family that has other sizes, such as --family mlp.$"
    )
    with pytest.raises(BadOption, match=text):
        usual_family(48)
    devices("cuda", "cuda:0")
    with pytest.raises(BadOption, match=r"pictures of 2048 px, and no --family; .* from 32 to 1024"):
        usual_family(2048)


def test_a_training_keeps_the_family_with_which_it_was_begun(devices, tmp_path):
    choices = tmp_path / "training" / "choices.json"
    choices.parent.mkdir()
    for family in ("stylegan2", "vae"):
        choices.write_text(json.dumps({"family": family, "size_px": 64}))
        assert family_of_training(tmp_path).name == family
        assert family_of_training(tmp_path, 1024).why == f"with which the training in {tmp_path} was begun"
    # Of a version to come, or damaged.
    choices.write_text(json.dumps({"family": "diffusion"}))
    assert family_of_training(tmp_path).name == "light"
    choices.write_text("{")
    assert family_of_training(tmp_path).name == "light"
    devices("cuda", "cuda:0")
    assert family_of_training(tmp_path / "new").name == "stylegan2"


def test_the_verb_says_which_and_why(devices, tmp_path, monkeypatch):
    taken = []

    def train(_photos, _folder, choices, *_):
        taken.append(choices)
        raise KeyboardInterrupt

    monkeypatch.setattr("partly.project.trainings.train_generator", train)

    def said(*words):
        return CliRunner().invoke(cli, ["train", "photos", str(tmp_path), *words]).stdout

    line = "The family is light, which gets somewhere without a CUDA GPU; --family chooses another.\n"
    assert said("--size", "32", "--width", "2") == line
    assert (taken[-1].family, taken[-1].size_px, taken[-1].width) == ("light", 32, 2.0)
    assert said("--family", "dcgan") == ""
    devices("cuda", "cuda:0")
    assert said() == "The family is stylegan2, since it trains on a CUDA GPU; --family chooses another.\n"
    assert said("--device", "cpu") == line
    assert [one.family for one in taken] == ["light", "dcgan", "stylegan2", "light"]
