"""A share of the mutated files of `make bench-fuzz`, and whether the fuzzer sees what it looks for."""

from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchmarks.fuzzing.mutations import mutated
from benchmarks.fuzzing.originals import Original, originals
from benchmarks.fuzzing.targets import Targets
from benchmarks.fuzzing.trials import file_of, tried

from benchmarks import fuzz
from partly.errors import BadLabel

# All are slow tests, which measure no coverage: an audit hook stays in the process for good, and beside
# coverage's tracing it makes threads fail at their start: "Cannot install a trace function while ..."
pytestmark = pytest.mark.slow
SEED = 5


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def made(home):
    return originals(home)


@pytest.fixture(scope="module")
def targets(home, made):
    return Targets(home)


@pytest.fixture
def box(tmp_path):
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "kept.txt").write_text("kept")
    return tmp_path


def test_good_files_end_in_a_result(made, targets, tmp_path):
    assert {one.target for one in made} == {
        "labels",
        "photos",
        "checkpoint",
        "generator",
        "network",
        "onnx",
    } | {
        "parts",
        "project",
        "request",
    }
    for number, one in enumerate(made):
        folder = tmp_path / str(number)
        folder.mkdir()
        targets.run(one, one.data, folder)


@pytest.mark.parametrize("numbers", [range(i, i + 60) for i in range(0, 300, 60)], ids=str)
def test_mutated_files_end_in_a_result_or_a_named_error(made, targets, box, numbers):
    trials = [tried(targets, made, SEED, number, box) for number in numbers]
    failed = [trial for trial in trials if trial.end == "failed"]
    assert not failed, "\n\n".join(f"{one.number} {one.name} {one.changes}: {one.told}" for one in failed)
    assert Counter(trial.end for trial in trials)["named"] > 20


def test_a_number_always_gives_the_same_file(made):
    assert file_of(made, SEED, 7) == file_of(made, SEED, 7)
    files = [file_of(made, SEED, number)[1] for number in range(40)]
    assert len(set(files)) > 35


KINDS = {
    "json": b'{"a": [1, {"b": "c"}], "d": 2.5}',
    "xml": b'<?xml version="1.0"?><a b="1"><c d="2.5">e</c></a>',
    "toml": b'a = 1\n[b]\nc = "d"\n',
    "text": b"1 2 3\n",
    "http": b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"a": 1}\n',
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("kind", [*KINDS, "zip"])
def test_mutations_change_files(kind):
    data = KINDS.get(kind)
    if data is None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.png", b"a")
        data = file.getvalue()
    n = 20 if kind == "zip" else 100  # some zips are bombs, which take a while to make
    found = {mutated(data, kind, np.random.default_rng(i), [data])[0] for i in range(n)}
    assert len(found - {data}) > 0.4 * n


class Misbehaving(Targets):
    """Does with each file what no program may do."""

    def __init__(self, deed):
        self.deed = deed

    def run(self, original, data, folder):
        self.deed(folder)


def noisy(folder: Path) -> None:
    subprocess.run  # noqa: B018 - what it would start is told by the audit
    print("said", file=sys.stderr)


def warned(folder: Path) -> None:
    warnings.warn("told", UserWarning, stacklevel=1)


def large(folder: Path) -> None:
    gc.collect()  # garbage of earlier tests, if it went during this one, would hide what is taken now
    np.ones(160 << 20, np.uint8)


DEEDS = [
    (lambda folder: 1 / 0, "ZeroDivisionError"),
    (lambda folder: (folder.parent / "out.txt").write_text("x"), "out.txt"),
    (lambda folder: (folder.parent / "beside" / "kept.txt").unlink(), "files beside its folder changed"),
    (lambda folder: (folder / "up").mkdir() or (folder / "up" / ".." / ".." / "x").mkdir(), "os.mkdir"),
    (noisy, "on standard error: said"),
    (warned, "a warning: UserWarning: told"),
    (large, "it took 1"),
]


@pytest.mark.parametrize(("deed", "told"), DEEDS, ids=range(len(DEEDS)))
def test_misdeeds_are_seen(made, box, monkeypatch, deed, told):
    monkeypatch.setattr("benchmarks.fuzzing.trials.MOST_BYTES", 100 << 20)
    trial = tried(Misbehaving(deed), made, SEED, 0, box)
    assert (trial.end, told in trial.told) == ("failed", True), trial.told


def test_named_errors_are_no_misdeeds(made, box):
    def refuse(folder):
        raise BadLabel("has nothing", path=folder)

    assert tried(Misbehaving(refuse), made, SEED, 0, box).end == "named"


def test_a_log_goes_on_and_is_summed_up(tmp_path):
    log = tmp_path / "fuzz.jsonl"
    trial = {"number": 3, "target": "photos", "end": "named", "time_s": 0.5, "n_bytes": 3 << 20}
    lines = [{"seed": 0, **trial}, {"seed": 1, **trial}, {"seed": 0, **trial, "number": 4, "end": "failed"}]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"seed": 0, "num')
    known = fuzz.known(log, 0)
    assert [trial["number"] for trial in known] == [3, 4]
    found = fuzz.summary(known)
    assert (found["files"], found["named errors"], found["failed"], found["most memory, MiB"]) == (2, 1, 1, 3)


def test_originals_are_of_many_kinds(made):
    assert isinstance(made[0], Original)
    assert len(made) > 60
    assert {one.kind for one in made} == {"json", "xml", "toml", "text", "zip", "http", "bytes"}


def test_workers_try_files_and_a_crash_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "_BATCH", 8)
    assert fuzz.main(["--n", "12", "--workers", "1", "--seed", "9", "--out", str(tmp_path)]) == 0
    assert len(fuzz.known(tmp_path / "fuzz.jsonl", 9)) == 12
    assert fuzz.main(["--n", "12", "--workers", "1", "--seed", "9", "--out", str(tmp_path)]) == 0
    assert len(fuzz.known(tmp_path / "fuzz.jsonl", 9)) == 12
