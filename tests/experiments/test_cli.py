import json

import pytest
from experiments.catalogue import EXPERIMENTS
from experiments.command import command

from experiments import command as verb
from partly.cli.command_line import run_command
from tests.experiments.test_runner import counted, experiment


def run(arguments):
    return run_command(command, arguments, "python -m experiments")


@pytest.fixture
def tiny(monkeypatch):
    made = experiment(counted([]))
    monkeypatch.setitem(EXPERIMENTS, "tiny", made)
    return made


def test_alone_it_tells_what_there_is(tiny, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert run(["tiny", "--only", "two", "--out", out]) == 0
    capsys.readouterr()
    assert run(["--out", out]) == 0
    said = capsys.readouterr().out
    assert "tiny                1 of  3  Does it run?" in said
    for name, made in EXPERIMENTS.items():
        assert name in said
        assert made.question in said
    assert not (tmp_path / "out" / "cache").exists()


def test_it_measures_and_tells_where(tiny, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["tiny", "--out", str(out), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["figures"]["one"]["pooled"] == 11.0
    assert f"3 of 3 cells are measured: {out}/tiny/results.md" in captured.err
    assert "tiny, cell 2 of 3: two" in captured.err


def test_it_collects(tiny, tmp_path, capsys):
    page = tmp_path / "docs" / "results.md"
    assert run(["--collect", str(page), "--out", str(tmp_path / "out")]) == 0
    assert "nothing is measured yet" in capsys.readouterr().out
    run(["tiny", "--out", str(tmp_path / "out")])
    assert run(["--collect", str(page), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert '"Tiny"' in capsys.readouterr().out
    assert "## Tiny" in page.read_text()


def test_errors_say_what_to_do(tiny, tmp_path, capsys):
    assert run(["shape", "--out", str(tmp_path)]) == 2
    assert "Did you mean 'shapes'" in capsys.readouterr().err
    assert run(["faces", "--out", str(tmp_path), "--data", str(tmp_path)]) == 3
    assert "Name the folder that has it with --data FOLDER." in capsys.readouterr().err
    assert run(["tiny", "--only", "four", "--out", str(tmp_path)]) == 2
    assert "tiny has no cell four" in capsys.readouterr().err


def test_a_stop_keeps_what_is_finished(monkeypatch, tmp_path, capsys):
    def measure(_bench, cell):
        if cell.key == "two":
            raise KeyboardInterrupt
        return {"pooled": 1.0}

    monkeypatch.setitem(EXPERIMENTS, "tiny", experiment(measure))
    assert run(["tiny", "--out", str(tmp_path)]) == 130
    assert "Stopped. What is finished is kept" in capsys.readouterr().err
    assert (tmp_path / "tiny" / "one.json").is_file()
    assert not (tmp_path / "tiny" / "two.json").exists()


def test_benches_know_the_options(tiny, monkeypatch, tmp_path):
    known = []
    monkeypatch.setattr(verb, "run_experiment", lambda _e, bench, **_: known.append(bench) or (tmp_path, []))
    monkeypatch.setattr(verb.torch, "set_num_threads", known.append)
    arguments = ["--half", "figure", "--threads", "3", "--workers", "2", "--data", "d", "--parser", "p"]
    arguments += ["--network", "n", "--n", "9"]
    assert run(["tiny", *arguments]) == 0
    n_threads, bench = known
    assert (n_threads, bench.half, bench.n_workers, str(bench.data)) == (3, "figure", 2, "d")
    assert (str(bench.network_folder), bench.n_photos) == ("n", 9)
    assert str(bench.get_annotator.args[0]) == "p"
