import json

from partly.storage import runs as runs_module
from partly.storage.runs import begin_run, list_runs


def test_a_run_is_found_again_by_its_config(tmp_path):
    first = begin_run(tmp_path, "distil", {"n": (1, 2)})
    asked = {"verb": "distil", "n": [1, 2], "streams": "0.2"}
    assert json.loads((first.folder / "config.json").read_text()) == asked
    assert json.loads((first.folder / "environment.json").read_text())["python"]
    assert begin_run(tmp_path, "distil", {"n": (1, 2)}).folder == first.folder
    first.finish({})
    others = [
        begin_run(tmp_path, "distil", {"n": (1, 3)}),
        begin_run(tmp_path, "fit", {"n": (1, 2)}),
        begin_run(tmp_path, "distil", {"n": (1, 2)}, anew=True),
    ]
    assert len({first.folder, *(run.folder for run in others)}) == 4
    assert begin_run(tmp_path, "distil", {"n": (1, 2)}).folder == others[-1].folder


def test_a_stopped_run_is_gone_on_with_even_when_it_was_begun_anew(tmp_path):
    begin_run(tmp_path, "distil", {}).finish({})
    stopped = begin_run(tmp_path, "distil", {}, anew=True)
    assert begin_run(tmp_path, "distil", {}, anew=True).folder == stopped.folder
    stopped.finish({})
    assert begin_run(tmp_path, "distil", {}, anew=True).folder != stopped.folder


def test_a_run_has_a_result_when_it_is_finished(tmp_path):
    run = begin_run(tmp_path, "fit", {})
    assert run.result is None
    run.finish({"iou": 0.5})
    assert run.result == {"iou": 0.5}
    (run.folder / "result.json").write_text("{")
    assert run.result is None


def test_lists_runs_that_began(tmp_path):
    run = begin_run(tmp_path, "fit", {})
    (tmp_path / "20200101-000000-fit").mkdir()
    assert [(r.folder, r.verb) for r in list_runs(tmp_path)] == [(run.folder, "fit")]
    assert list_runs(tmp_path / "nothing") == []


def test_names_say_when(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module.time, "strftime", lambda _format: "20210619-120000")
    names = [begin_run(tmp_path, "fit", {"n": n}).folder.name for n in range(3)]
    assert names == ["20210619-120000-fit", "20210619-120000-fit-2", "20210619-120000-fit-3"]


def test_versions_that_are_unknown_are_none():
    assert runs_module._version("no-such-package") is None


def test_a_run_goes_on_with_the_random_streams_that_it_was_begun_with(tmp_path, monkeypatch):
    first = begin_run(tmp_path, "distil", {"n": 1})
    assert first.streams == "0.2"
    # As version 0.1 left it, which wrote no version of the streams down.
    (first.folder / "config.json").write_text('{"verb": "distil", "n": 1}')
    found = begin_run(tmp_path, "distil", {"n": 1})
    assert (found.folder, found.streams) == (first.folder, "0.1")
    monkeypatch.setenv("PARTLY_STREAMS", "0.1")
    assert begin_run(tmp_path, "fit", {"n": 1}).streams == "0.1"
