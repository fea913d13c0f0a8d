from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from partly.errors import BadModelFile
from partly.storage.model_folders import ModelCard, fill, load_model, save_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(
        tmp_path / "m", ModelCard("toy/linear", {"n": 2}, {"title": "a toy"}), nn.Linear(2, 1).state_dict()
    )
    return tmp_path / "m"


def _edit(folder: Path, **values: object) -> None:
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | values))


def test_round_trip(folder: Path) -> None:
    card, tensors = load_model(folder, "toy/")
    assert card.kind == "toy/linear"
    assert card.arguments == {"n": 2}
    assert card.extra == {"title": "a toy"}
    assert set(tensors) == {"weight", "bias"}


def test_shared_tensors_are_saved_apart(tmp_path: Path) -> None:
    x = torch.arange(4.0)
    save_model(tmp_path, ModelCard("toy", {}), {"a": x, "b": x[1:]})
    assert torch.equal(load_model(tmp_path)[1]["b"], x[1:])


def test_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(BadModelFile, match="is a model of kind 'toy/linear'; expected kind 'generator/'"):
        load_model(folder, "generator/")


def test_another_version_is_refused(folder: Path) -> None:
    _edit(folder, schema_version=99)
    with pytest.raises(
        BadModelFile, match=r"has schema version 99; expected version 1\. Use the version of Partly"
    ):
        load_model(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(BadModelFile, match=r"has sha256 .*; expected .*truncated or changed"):
        load_model(folder)


def test_what_is_no_safetensors_is_refused_even_with_its_digest(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"abc")
    _edit(folder, weights_sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    with pytest.raises(BadModelFile, match="is no safetensors file"):
        load_model(folder)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON"), ("[]", "is incomplete"), ("{}", "is incomplete")]
)
def test_damaged_cards_are_refused(folder: Path, text: str, message: str) -> None:
    (folder / "model.json").write_text(text)
    with pytest.raises(BadModelFile, match=message):
        load_model(folder)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match=r"model\.json: no such file; expected a model folder"):
        load_model(tmp_path / "nowhere")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BadModelFile, match=r"model\.safetensors: no such file"):
        load_model(folder)


def test_weights_that_do_not_fit_are_refused(folder: Path) -> None:
    with pytest.raises(BadModelFile, match=r"its weights do not fit its model\.json .*size mismatch"):
        fill(nn.Linear(3, 1), load_model(folder)[1], folder)
