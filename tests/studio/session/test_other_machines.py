"""A session on a machine that is not the plain processor."""

import json

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import save_annotation
from partly.data.photos.encoding import encode_png
from partly.errors import BadOption
from partly.machine import MachineOptions
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.studio.session.jobs import _command
from partly.studio.session.session import Session
from partly.studio.session.workspace import check_machine
from tests.fakes import TWO_PARTS, thing_annotation
from tests.studio.tiny_sessions import TINY_STUDIO

HALVES = MachineOptions("cpu", "bfloat16")


@pytest.fixture
def session(pictured_project):
    with Session(pictured_project, TINY_STUDIO, HALVES) as session:
        yield session


def test_it_computes_in_the_precision_that_was_asked_for(session):
    assert session.worker.settle(60)
    assert session.models.source.machine.name == "cpu, bfloat16"
    assert session.models.state["state"] == "ready"


def test_photos_are_segmented_there(pictured_project, session):
    torch.manual_seed(0)
    AutoShotNetwork("unet-small", TWO_PARTS, 32).save(pictured_project.auto_shot)
    photo = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    assert session.network.segment(encode_png(photo)).label_map.shape == (40, 50)


def test_jobs_get_the_machine_of_the_studio(pictured_project, generator, session, monkeypatch):
    commands = []
    monkeypatch.setattr(
        "partly.studio.session.jobs._command",
        lambda *words: commands.append(_command(*words)) or commands[-1],
    )
    save_annotation(pictured_project.annotations, thing_annotation(generator, 0), TWO_PARTS)
    job = session.jobs.start("fit", {"again": True})
    session.jobs.wait(120)
    assert session.jobs.get(job.id).state == "done", session.jobs.get(job.id).error
    assert json.loads(commands[0][-1]) == {"device": "cpu", "precision": "bfloat16", "again": True}
    assert job.options == {"again": True}
    card = json.loads((pictured_project.few_shot / "model.json").read_text())
    assert card["made_on"] == "cpu, bfloat16"


@pytest.mark.skipif(torch.cuda.is_available(), reason="here there is one")
def test_a_device_that_is_not_there(pictured_project):
    check_machine(MachineOptions())
    with pytest.raises(BadOption, match="device cuda:0 is not there"):
        check_machine(MachineOptions("cuda"))
    with Session(pictured_project, TINY_STUDIO, MachineOptions("cuda")) as session:
        assert session.worker.settle(60)
        assert session.models.state["state"] == "failed"
        assert "device cuda:0 is not there" in session.models.problem
