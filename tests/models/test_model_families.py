"""Model folders of families: what is read of them leaves the process as it was."""

from __future__ import annotations

import json
import warnings

import pytest
import torch

from partly.errors import BadModelFile
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape, load_mlp


@pytest.fixture
def folder(tmp_path):
    MLPGenerator(MLPShape(6, z_dim=5, hidden=(7,))).save(tmp_path, {})
    return tmp_path


def test_warning_filters_of_other_threads_are_not_exchanged(folder, monkeypatch):
    def exchanged(*_, **__):
        raise AssertionError("the warning filters of the whole process were exchanged")

    with monkeypatch.context() as patched:
        patched.setattr(warnings, "catch_warnings", exchanged)
        generator = load_mlp(folder)
    assert generator.digest
    assert not any(p.is_meta for p in generator.parameters())
    assert all(torch.isfinite(p).all() for p in generator.parameters())


def test_layers_without_channels_are_refused_without_a_warning(folder):
    card = json.loads((folder / "model.json").read_text())
    card["arguments"]["hidden"] = [0]
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match=r"its weights do not fit its model\.json"):
        load_mlp(folder)


def test_no_memory_is_taken_for_a_wrong_number(folder):
    card = json.loads((folder / "model.json").read_text())
    card["arguments"]["hidden"] = [10**7, 10**7]  # 400 TB of weights
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match=r"its weights do not fit its model\.json"):
        load_mlp(folder)
