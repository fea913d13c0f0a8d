"""``partly export``, and what the project knows of the file."""

import json
import shutil

import pytest

from partly.cli.command_line import run
from partly.inference.export.onnx_file import OnnxFile
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.project.export_verb import current_network_file, network_file
from tests.inference.export.networks import PARTS, SIZE_PX


@pytest.fixture
def quick(small, monkeypatch):
    """The export of any network gives the one that is there; says which networks were asked for."""
    networks = []

    def copy(network, path, *, size):
        assert size is None
        networks.append(network)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(small.file.path, path)
        return OnnxFile(path, 2_345_678, 18, 3.2e-6)

    monkeypatch.setattr("partly.inference.export.export_onnx", copy)
    return networks


def test_a_project_and_the_same_network_gives_the_same_bytes(small, make_project, capsys):
    project = make_project(part_set=PARTS)
    small.network.save(project.auto_shot)
    file = project.auto_shot / "network.onnx"
    assert current_network_file(project.folder) is None
    assert run(["export", str(project.folder), "--json"]) == 0
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert said["file"] == str(file)
    assert said["n_bytes"] == file.stat().st_size
    assert said["opset"] == 18
    assert said["largest_difference"] < 1e-4
    assert (said["part_set"], said["size_px"]) == (PARTS.to_json(), SIZE_PX)
    assert said["digest"] == small.network.digest
    assert captured.err.startswith(f"Exported: {file} (4.3 MB); its logits differ from the network's by ")
    assert captured.err.count("\n") == 1
    assert file.read_bytes() == small.file.path.read_bytes()
    assert current_network_file(project.folder) == current_network_file(project.auto_shot) == file
    # Another network, or other colours, and the file is of the past.
    AutoShotNetwork("unet-small", PARTS, 32).save(project.auto_shot)
    assert current_network_file(project.folder) is None
    assert network_file(project.folder) == file


def test_a_model_folder_and_a_file_of_ones_own(small, quick, tmp_path, capsys):
    small.network.save(tmp_path / "model")
    assert run(["export", str(tmp_path / "model")]) == 0
    file = tmp_path / "model" / "network.onnx"
    assert capsys.readouterr().out == (
        f"Exported: {file} (2.3 MB); its logits differ from the network's by 3e-06 at most\n"
    )
    assert current_network_file(tmp_path / "model") == file
    assert run(["export", str(tmp_path / "model"), str(tmp_path / "web" / "parts.onnx")]) == 0
    assert (tmp_path / "web" / "parts.onnx").is_file()
    assert [network.digest for network in quick] == [small.network.digest] * 2


def test_what_cannot_be_exported(project, tmp_path, quick, capsys):
    assert run(["export", str(project.folder)]) == 1
    assert f"has no auto-shot network yet. Run: partly distil {project.folder}." in capsys.readouterr().err
    assert run(["export", str(tmp_path)]) == 1
    assert "is neither a project nor a model folder" in capsys.readouterr().err
    assert run(["export", str(project.folder), str(tmp_path)]) == 2
    assert "is a directory" in capsys.readouterr().err
    assert not quick
