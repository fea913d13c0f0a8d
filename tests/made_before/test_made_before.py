"""What version 0.1.0 wrote can be used; README.md beside this says how it was made.

All by the command line and the public API, so that files of Partly may move.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import partly
from partly.cli.command_line import main

HERE = Path(__file__).parent
LABEL_SHA256 = "76135305abab6a814c5496c89cfeef5b69d4731835ac17a78a55e414f93c0c06"
TRAINING = ["--family", "mlp", "--augment", "ada", "--size", "4", "--batch", "4"]
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models are slower with several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A copy of all that was made, which a test may change."""
    folder = tmp_path / "made"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs one command line; gives exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["partly", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def result(said: tuple[int, str, str]) -> Any:
    code, out, err = said
    assert code == 0, err
    return json.loads(out)


def expected(name: str) -> np.ndarray:
    return np.array(Image.open(HERE / "expected" / name))


def picture_of(folder: Path) -> np.ndarray:
    """The generator's picture of one latent, uint8."""
    generator = partly.load_generator(str(folder))
    z = np.random.default_rng(1).standard_normal((1, generator.z_dim)).astype(np.float32)
    with torch.inference_mode():
        images = generator.synthesise(generator.map(torch.from_numpy(z))).images
    assert images is not None
    return ((images[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "training" / "log.jsonl").read_text().splitlines()]


def close(one: Path, other: Path, most: float) -> bool:
    """Whether two model folders have the same weights, nearly."""
    a, b = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert {k: v.shape for k, v in a.items()} == {k: v.shape for k, v in b.items()}
    return all(torch.allclose(a[name].float(), b[name].float(), atol=most, rtol=most) for name in a)


def test_the_project_opens(made, say):
    told = result(say("info", made / "project", "--json"))
    assert told["parts"] == ["background", "thing", "other"]
    assert told["few_shot"] == "ready"
    assert told["models"]["few_shot"]["part_set"] == ["background", "thing", "other"]
    assert [run["is_finished"] for run in told["runs"]] == [True]


def test_labels_are_as_they_were(made):
    annotations = partly.load_annotations(made / "project" / "annotations")
    assert [part.name for part in annotations.part_set.parts] == ["background", "thing", "other"]
    assert [annotation.id for annotation in annotations] == ["picture-0-0"]
    [annotation] = annotations
    assert np.array_equal(annotation.label_map, expected("taken-in.png"))
    assert hashlib.sha256(annotation.label_map.tobytes()).hexdigest() == LABEL_SHA256
    assert annotation.generator_digest == partly.load_generator(str(made / "generator")).digest


def test_what_was_painted_and_not_saved_is_saved_by_the_studio(made):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["label", str(made / "project"), "--no-browser", "--port", str(port), "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", "from partly.cli.command_line import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as studio:
        assert studio.stdout is not None
        said = "".join(iter(studio.stdout.readline, "}\n"))
        studio.send_signal(signal.SIGINT)
        _, problems = studio.communicate(timeout=30)
    assert str(port) in said
    assert studio.returncode == 0, problems
    first, second = partly.load_annotations(made / "project" / "annotations")
    assert np.array_equal(first.label_map, expected("taken-in.png"))
    assert second.id == "picture-0-3"
    assert np.array_equal(second.label_map, expected("painted.png"))


def test_the_segmenter_is_still_that_of_its_labels_and_can_be_fitted_again(made, say):
    project = made / "project"
    assert result(say("fit", project, "--json"))["was_there"]
    assert not result(say("fit", project, "--again", "--json"))["was_there"]
    assert close(project / "models" / "few_shot", HERE / "project" / "models" / "few_shot", 1e-3)


def test_the_same_pictures_are_proposed(made, say):
    proposed = result(say("pictures", made / "project", "--n", "2", "--candidates", "4", "--json"))
    assert [picture["id"] for picture in proposed["pictures"]] == ["picture-0-0", "picture-0-3"]


@pytest.mark.parametrize("name", ["generator", "vae", "stopped"])
def test_generators_make_the_same_pictures(name):
    before, now = expected(f"{name}.png").astype(int), picture_of(HERE / name).astype(int)
    assert before.shape == now.shape
    assert abs(before - now).max() <= 2


def test_the_encoder_is_known(say):
    told = result(say("info", HERE / "vae" / "encoder", "--json"))
    weights = (HERE / "vae" / "encoder" / "model.safetensors").read_bytes()
    assert told["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert told["arguments"]["image_size_px"] == 32


def test_the_network_segments_as_it_did(made, say):
    network = made / "project" / "models" / "auto_shot"
    shutil.copytree(made / "network", network)
    packed = network / "model.safetensors.xz"
    (network / "model.safetensors").write_bytes(lzma.decompress(packed.read_bytes()))
    photo = shutil.copy(made / "project" / "pictures" / "picture-0-3.png", made / "photo.png")
    assert partly.load_network(network).part_set.n_parts == 3
    told = result(say("segment", made / "project", photo, "--out", made / "out", "--json"))
    assert len(told["segmented"]) == 1
    labels = np.array(Image.open(made / "out" / "labels" / "photo.png"))
    assert len(np.unique(expected("segmented.png"))) > 1
    assert (labels == expected("segmented.png")).mean() > 0.99


def test_a_training_that_was_stopped_goes_on(made, say):
    """To the weights that it would have reached without a stop, but for last digits."""
    before, words = log_of(made / "stopped"), [*TRAINING, "--photos-shown", "240", "--json"]
    assert 20 <= len(before) < 60
    result(say("train", made / "photos.zip", made / "stopped", *words))
    log = log_of(made / "stopped")
    assert log[: len(before)] == before
    assert [line["step"] for line in log] == list(range(1, 61))
    before_it, now = expected("went-on.png").astype(int), picture_of(made / "stopped").astype(int)
    assert abs(before_it - now).max() <= 2


def test_a_training_with_other_choices_is_refused(made, say):
    words = [*TRAINING, "--photos-shown", "240", "--seed", "1"]
    code, _, problem = say("train", made / "photos.zip", made / "stopped", *words)
    assert code == 2
    assert "holds a training with seed 0, not 1" in " ".join(problem.split())
