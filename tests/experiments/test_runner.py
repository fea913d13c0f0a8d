import json
from dataclasses import replace

import pytest
from experiments.experiment import Cell, Column, Experiment, Plot, Row
from experiments.runner import run_experiment
from experiments.store import results_folder

from partly.errors import BadOption, NotAvailable


def experiment(measure, cells=("one", "two", "three"), **more):
    made = tuple(Cell(key, {"n": number, "kind": "k"}, 10.0) for number, key in enumerate(cells, start=1))
    columns = (Column("n", "n"), Column("pooled", "pooled"), Column("nose", "parts.nose", 0))
    plots = (Plot("curve", "A & B", "n", "pooled", "kind", "n", "IoU"),)
    return Experiment("tiny", "Tiny", "Does it run?", made, measure, columns, plots=plots, **more)


def counted(calls, figures=lambda cell: {"pooled": 10.0 + cell.settings["n"], "parts": {"nose": 3.4}}):
    def measure(_bench, cell):
        calls.append(cell.key)
        return figures(cell)

    return measure


def test_what_was_stopped_goes_on(bench):
    calls = []

    def stopping(_bench, cell):
        if cell.key == "two" and len(calls) == 1:
            raise KeyboardInterrupt
        return counted(calls)(bench, cell)

    made = experiment(stopping)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(made, bench)
    assert calls == ["one"]
    half_way = (bench.out / "tiny" / "results.md").read_text()
    assert "1 of 3 cells are measured; not yet: `two`, `three`." in half_way

    calls.append("resumed")
    folder, rows = run_experiment(made, bench)
    assert calls == ["one", "resumed", "two", "three"]
    assert folder == bench.out / "tiny"
    assert [row.figures["pooled"] for row in rows] == [11.0, 12.0, 13.0]

    run_experiment(made, bench)
    assert calls[-1] == "three"
    assert len(calls) == 4


def test_expected_figures_stand_beside_found_ones(bench):
    folder, _ = run_experiment(experiment(counted([]), notes=("Note this.",)), bench)
    text = (folder / "results.md").read_text()
    assert "| cell | n | pooled | nose | expected | difference |" in text
    assert "| `two` | 2 | 12.0 | 3 | 10.0 | +2.0 |" in text
    assert text.startswith("## Tiny\n\nDoes it run?\n\n*Generator `ffhq`;")
    assert "![A & B](curve.svg)" in text
    assert text.endswith("- Note this.\n")
    assert "Photos:" not in text
    kept = json.loads((folder / "results.json").read_text())
    assert kept["cells"][1]["difference"] == 2.0
    assert kept["half"] is None
    svg = (folder / "curve.svg").read_text()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "A &amp; B" in svg


def test_other_settings_are_measured_anew(bench):
    calls = []
    made = experiment(counted(calls))
    run_experiment(made, bench)
    changed = replace(made, cells=(replace(made.cells[0], settings={"n": 7, "kind": "k"}), *made.cells[1:]))
    _, rows = run_experiment(changed, bench)
    assert calls == ["one", "two", "three", "one"]
    assert rows[0].figures["pooled"] == 17.0

    bench.protocol = replace(bench.protocol, n_unseen=4)
    run_experiment(changed, bench, only=["two"])
    assert calls[4:] == ["two"]


def test_damaged_results_are_measured_anew(bench):
    calls = []
    made = experiment(counted(calls), cells=("one",))
    folder, _ = run_experiment(made, bench)
    for text in ("{", "[]", "{}"):
        (folder / "one.json").write_text(text)
        run_experiment(made, bench)
    assert calls == ["one"] * 4


def test_only_some_cells(bench):
    calls = []
    _, rows = run_experiment(experiment(counted(calls)), bench, only=["three"], say=calls.append)
    assert calls == ["tiny, cell 1 of 1: three …", "three"]
    assert [row.figures is None for row in rows] == [True, True, False]
    with pytest.raises(BadOption) as error:
        run_experiment(experiment(counted([])), bench, only=["four"])
    assert str(error.value) == "tiny has no cell four; expected one of one, two, three."


def test_the_figure_half_lies_apart_and_needs_photos(bench, tmp_path):
    bench.half = "figure"
    with pytest.raises(BadOption) as error:
        run_experiment(experiment(counted([])), bench)
    assert str(error.value) == (
        "tiny reads no photos, and you chose the figure half of them. Leave --half away."
    )
    calls = []
    made = experiment(counted(calls), reads_photos=True)
    folder, _ = run_experiment(made, bench)
    assert folder == bench.out / "tiny-figure"
    assert "CelebAMask-HQ, the figure half" in (folder / "results.md").read_text()
    assert results_folder(bench.out, made, "choices").name == "tiny"

    bench.data, bench.half = tmp_path, "choices"
    with pytest.raises(NotAvailable) as missing:
        run_experiment(made, bench)
    assert str(missing.value) == (
        f"{tmp_path}/faces_labelled_512.zip: no such file; expected a folder with faces_labelled_512.zip: "
        "images/NAME.jpg and labels/NAME.png of CelebAMask-HQ. "
        "Name the folder that has it with --data FOLDER."
    )
    assert len(calls) == 3


def test_rows_know_figures_before_settings():
    row = Row(Cell("a", {"n": 1, "x": 2}), {"n": 3, "parts": {"nose": 4}})
    assert [row.value(name) for name in ("n", "x", "parts.nose", "parts.eye", "n.x")] == [3, 2, 4, None, None]
    assert Row(Cell("a", {"n": 1}), None).value("n") == 1


def test_bad_definitions_are_found_at_once():
    with pytest.raises(ValueError, match="no file name"):
        Cell("../up", {})
    with pytest.raises(ValueError, match="two of one key"):
        experiment(counted([]), cells=("one", "one"))
