"""Long verbs in processes of their own, with tiny models."""

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from partly.data.labels.annotation import save_annotation
from partly.data.photos.encoding import encode_png, write_png
from partly.errors import BadOption, JobRunning, NotFound
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.models.generators.truncation import Truncation
from partly.project.model_digests import model_digest
from partly.studio.session.job import Job, JobReports, check_options, options_for, parsed
from partly.studio.session.overview import overview
from partly.synthesis.distil.distil_options import DistilConfig
from tests.fakes import TWO_PARTS, thing_annotation
from tests.studio.tiny_sessions import Ears, add_picture, stroke, until

ONE_WORKER = {"n_workers": 1}


@pytest.fixture(autouse=True)
def quick_processes(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def labelled_session(project, generator, open_session):
    add_picture(project, generator, 0)
    save_annotation(project.annotations, thing_annotation(generator, 0), TWO_PARTS)
    return open_session(project)


def ended(session, job):
    session.jobs.wait(120)
    return session.jobs.get(job.id)


@pytest.mark.slow
def test_from_labels_to_a_segmented_photo(labelled_session):
    """fit and distil as one job, then export, then photos."""
    session, ears = labelled_session, Ears(labelled_session.events)
    labels = session.painting.labels("p0")
    session.painting.paint("p0", "a", stroke(0, 0, 4, 4, 1))
    job = session.jobs.start("distil", ONE_WORKER)
    assert (job.state, job.verb) == ("running", "distil")
    with pytest.raises(JobRunning, match=r"the job distil is running. Wait until it is done, or stop it."):
        session.jobs.start("fit", {})
    assert overview(session)["jobs"][0]["id"] == job.id
    job = ended(session, job)
    assert (job.state, job.error) == ("done", None)
    assert job.text.startswith("the network is made")
    assert [point[0] for point in job.curves["loss"]] == [1, 2, 3]
    assert set(job.curves) == {"loss", "agreement"}
    names = list(job.panels)
    assert {name.rsplit(".")[-1] for name in names} == {"jpg", "png"}
    assert session.jobs.panel(job.id, names[0]).read_bytes().startswith(b"\xff\xd8")
    assert job.to_json()["panels"][0] == f"/api/jobs/{job.id}/panels/{names[0]}"
    assert overview(session)["models"] == {"few_shot": "ready", "auto_shot": "ready", "onnx": False}
    assert overview(session)["next_step"].startswith("Drop a photo")
    assert ears.data("job")[-1]["state"] == "done"
    # What was painted a moment before was in it.
    assert not np.array_equal(session.painting.labels("p0"), labels)

    photo = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    segmented = session.network.segment(encode_png(photo))
    assert segmented.label_map.shape == (30, 50)
    assert 0.5 <= segmented.confidence <= 1

    write_png(session.project.folder / "photos" / "one.png", photo)
    assert ended(session, session.jobs.start("segment", {})).state == "done"
    assert (session.project.folder / "segmented" / "labels" / "one.png").is_file()

    session.painting.paint("p0", "a", stroke(0, 0, 4, 4, 0))
    assert overview(session)["models"]["few_shot"] == "stale"
    assert overview(session)["next_step"].startswith("The labels have changed")

    exported = ended(session, session.jobs.start("export", {}))
    assert (exported.state, exported.error) == ("done", None)
    facts = session.network.facts()
    assert facts["size_px"] == 32
    assert facts["bytes"] == session.network.file().stat().st_size
    assert facts["digest"] == model_digest(session.project.auto_shot)
    assert overview(session)["models"]["onnx"]


@pytest.mark.slow
def test_a_stopped_job_goes_on(labelled_session):
    session = labelled_session
    options = {**ONE_WORKER, "n_steps": 40}
    job = session.jobs.start("distil", options)
    until(lambda: len(job.curves.get("loss", ())) > 2)
    assert session.jobs.cancel(job.id) is job
    job = ended(session, job)
    assert (job.state, job.error) == ("stopped", None)
    assert job.text == "stopped; the same job goes on from there"
    last = int(job.curves["loss"][-1][0])
    assert 2 < last < 40
    assert not (session.project.auto_shot / "model.json").exists()
    again = ended(session, session.jobs.start("distil", options))
    assert again.state == "done"
    steps = [int(point[0]) for point in again.curves["loss"]]
    assert steps[0] == 1, "steps of the first sitting are in the curve"
    assert steps == sorted(set(steps))
    assert steps[-1] == 40
    assert len(list(session.project.runs.glob("*-distil"))) == 1
    assert session.jobs.cancel(again.id).state == "done"


@pytest.mark.slow
def test_jobs_are_remembered_and_end_with_the_studio(labelled_session, open_session):
    session = labelled_session
    failed = ended(session, session.jobs.start("segment", {}))
    assert failed.state == "failed"
    assert "there is no folder of photos in the project" in failed.error
    running = session.jobs.start("distil", {**ONE_WORKER, "n_steps": 5000})
    until(lambda: running.curves.get("loss"))
    process = session.jobs._process
    session.close()
    assert process.poll() is not None
    later = open_session(session.project)
    jobs = overview(later)["jobs"]
    assert [(job["verb"], job["state"]) for job in jobs] == [("distil", "stopped"), ("segment", "failed")]
    assert later.jobs.get(failed.id).error == failed.error
    assert (later.project.folder / "studio" / "jobs" / f"{running.id}.log").is_file()


@pytest.mark.slow
def test_a_job_ends_when_its_studio_is_killed(labelled_project):
    words = ["fit", str(labelled_project.folder), "{}"]
    command = [sys.executable, "-m", "partly.studio.session.job_process", *words]
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipe) as process:
        assert json.loads(process.stdout.readline()) == {
            "text": "starting",
            "done": 0,
            "total": 0,
            "time_left_s": None,
        }
        process.stdin.close()
        assert process.wait(60) in (130, -signal.SIGINT)
    assert not (labelled_project.few_shot / "model.json").exists()


def test_a_job_that_dies_is_told_with_its_last_words(labelled_session, monkeypatch):
    code = "import sys; print('not json'); print('[1]'); sys.stderr.write('a\\nlast words\\n'); sys.exit(9)"
    monkeypatch.setattr("partly.studio.session.jobs._command", lambda *words: [sys.executable, "-c", code])
    job = ended(labelled_session, labelled_session.jobs.start("fit", {}))
    assert job.state == "failed"
    assert job.error.startswith("the job ended with code 9: a\nlast words (all of it: ")


def test_damaged_records_are_left_out(project, open_session):
    folder = project.folder / "studio" / "jobs"
    folder.mkdir(parents=True)
    for name, text in {"a": "{", "b": "[]", "c": '{"id": "c"}', "d": "{}"}.items():
        (folder / f"{name}.json").write_text(text)
    assert overview(open_session(project))["jobs"] == []


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("rm", {}, "there is no job 'rm'; expected one of fit, distil, export, segment"),
        ("fit", {"path": "/"}, "the job fit has no option 'path'; expected one of methods"),
        ("export", {"path": "/"}, "the job export has no option 'path'; expected one of none"),
        ("distil", {"n_steps": True}, "n_steps is True; expected a whole number"),
        ("distil", {"n_steps": "9"}, "n_steps is .9.; expected a whole number"),
        ("distil", {"second_round": []}, r"second_round is \[\]; expected a number"),
        (
            "distil",
            {"truncation": [1, 0.5]},
            r"truncation is \[1, 0.5\]; expected two numbers, the lower one first",
        ),
    ],
)
def test_jobs_that_cannot_be(session, verb, options, said):
    with pytest.raises(BadOption, match=said):
        session.jobs.start(verb, options)
    assert overview(session)["jobs"] == []


def test_numbers_of_either_kind():
    check_options("distil", {"second_round": 1, "painted_share": 0.5, "n_steps": 3, "again": True})


def test_lists_of_json_become_what_a_field_has():
    options = {"truncation": [0.5, 1], "methods": ["ridge"], "n_steps": 3, "again": True}
    assert options_for(DistilConfig, options) == {"truncation": Truncation(0.5, 1), "n_steps": 3}
    assert options_for(FewShotConfig, options) == {"methods": ("ridge",)}


def test_unknown_jobs_and_panels(session):
    with pytest.raises(NotFound, match=r"there is no job '../x'"):
        session.jobs.get("../x")
    with pytest.raises(NotFound):
        session.jobs.cancel("x")
    session.jobs._jobs["j"] = Job("j", "fit", {}, 0.0, "done")
    with pytest.raises(NotFound, match=r"the job has no panel '../../project.toml'"):
        session.jobs.panel("j", "../../project.toml")


def test_reports_are_taken_in():
    stream = io.StringIO()
    reports = JobReports(stream)
    for done in range(1, 200):
        reports.progress("training", done, 200, time_left_s=200 - done)
        reports.point("loss", done, 1 / done)
    reports.progress("training", 200, 200)
    job = Job("j", "distil", {}, 0.0)
    lines = stream.getvalue().splitlines()
    assert len(lines) < 210, "progress is told now and then, and at the end"
    for line in lines:
        job.take(parsed(line))
    assert (job.text, job.done, job.total) == ("training", 200, 200)
    assert len(job.curves["loss"]) == 199
    for step in range(200, 3000):
        job.take({"curve": "loss", "step": step, "value": 0.0})
    steps = [point[0] for point in job.curves["loss"]]
    assert len(steps) <= 1001
    assert (steps[0], steps[-1]) == (1, 2999)
    assert steps == sorted(set(steps))
    assert parsed("no json") is parsed("[1]") is None


def test_a_job_starts_without_what_the_terminal_sends(labelled_session):
    job = labelled_session.jobs.start("segment", {})
    process = labelled_session.jobs._process
    if process is not None and process.poll() is None:
        assert os.getpgid(process.pid) != os.getpgid(0)
    ended(labelled_session, job)
