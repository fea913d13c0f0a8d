"""What ``partly distil`` begins with, made by others: shares and workers of a cluster on their machines."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
import torch

from partly.cli.command_line import run
from partly.errors import PartlyError
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.machine import Machine
from partly.machine.executors import Here
from partly.machine.ranks import Ranks
from partly.machine.work_options import SpreadOptions
from partly.project import distil_verb
from partly.project.fit_verb import fit_project
from partly.project.project_folder import Project
from partly.synthesis.shards import labelled_synthesis
from tests.device_with_values import device_with_values

HALVES = ["--device", "cpu", "--precision", "bfloat16"]


@pytest.fixture
def fitted(labelled_project: Project) -> Project:
    fit_project(labelled_project)
    return labelled_project


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Clusters of Ray are this process; gives the numbers of workers that were asked for."""
    asked: list[int | None] = []

    def executor_of(self: SpreadOptions, n_workers: int | None, usual_workers: int = 1) -> Here:
        del self, usual_workers
        asked.append(n_workers)
        return Here()

    monkeypatch.setattr(SpreadOptions, "executor_of", executor_of)
    return asked


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Machines on which shards are made in workers, and features of photos anywhere."""
    found: list[str] = []
    beside, features = labelled_synthesis.ShardsBeside, distil_verb.project_photo_features

    def noted_beside(load_teacher: Any, config: Any, place: Any, machine: Machine) -> Any:
        found.append(machine.name)
        return beside(load_teacher, config, place, machine)

    def noted_features(project: Project, *, machine: Machine) -> PhotoFeatures:
        found.append(machine.name)
        return features(project, machine=machine)

    monkeypatch.setattr(labelled_synthesis, "ShardsBeside", noted_beside)
    monkeypatch.setattr(distil_verb, "project_photo_features", noted_features)
    return found


def test_a_share_of_the_pictures_is_made_on_the_machine_that_is_asked_for(
    fitted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    share = distil_verb.synthesise_share

    def noted(teacher: Any, *arguments: Any, **options: Any) -> int:
        made.append(teacher.machine.name)
        return share(teacher, *arguments, **options)

    monkeypatch.setattr(distil_verb, "synthesise_share", noted)
    command = ["distil", str(fitted.folder), "--workers", "1", "--share", "2/2"]
    assert run([*command, *HALVES]) == 0
    assert made == ["cpu, bfloat16"]


def test_a_share_of_the_features_too(fitted_photos: Project, machines: list[str]) -> None:
    command = ["distil", str(fitted_photos.folder), "--workers", "1", "--share", "1/1"]
    assert run([*command, *HALVES]) == 0
    assert machines == ["cpu, bfloat16"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="here there is one")
@pytest.mark.parametrize("spread", [["--share", "1/2"], ["--ray", "auto"]])
def test_a_device_that_is_not_there_is_refused(
    spread: list[str], fitted: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["distil", str(fitted.folder), "--device", "cuda", *spread]) == 2
    said = capsys.readouterr().err
    assert ("device cuda:0 is not there" if "--share" in spread else "--device cuda with --ray") in said
    assert not fitted.labelled.exists()


def test_features_are_made_by_one_worker_for_each_gpu(
    fitted_photos: Project, cluster: list[int | None]
) -> None:
    config = distil_verb.distil_config(fitted_photos)
    with device_with_values() as device:
        machine = Machine(device)
        loaded = distil_verb._ProjectFeatures(fitted_photos.folder, machine)()
        assert loaded.machine == machine
        for spread in (SpreadOptions(share="1/1"), SpreadOptions(ray="auto")):
            distil_verb._make_share(machine, fitted_photos, config, spread, 16, None)
    assert cluster == [1, 16]


def test_a_cluster_makes_the_pictures_on_processors_and_the_network_is_trained_here(
    fitted: Project, cluster: list[int | None], machines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["distil", str(fitted.folder), "--ray", "auto", "--json"]
    assert run(command) == 0
    assert cluster[0] is None
    assert machines == ["cpu, float32"]
    assert not json.loads(capsys.readouterr().out)["was_there"]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["was_there"]
    assert len(machines) == 1


def test_only_the_first_of_several_processes_asks_the_cluster(
    fitted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enough(PartlyError):
        """Where the training would begin."""

    def ends(*_arguments: Any, **_options: Any) -> None:
        raise Enough("enough")

    asked: list[int] = []
    monkeypatch.setattr(Ranks, "wait", lambda self: None)
    monkeypatch.setattr(distil_verb, "distil", ends)
    monkeypatch.setattr(distil_verb, "_make_share", lambda *_: asked.append(1))
    monkeypatch.setattr(Machine, "for_training", lambda options: nullcontext(Machine(ranks=ranks)))
    config, spread = distil_verb.distil_config(fitted), SpreadOptions(ray="auto")
    for index in range(2):
        ranks = Ranks(index, 2)
        with pytest.raises(Enough):
            distil_verb.distil_project(fitted, config, spread=spread)
        assert asked == [1]
