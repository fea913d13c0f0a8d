from dataclasses import replace

import pytest
from experiments.collect import MARKER, collect
from experiments.runner import run_experiment
from experiments.store import results_folder

from partly.errors import BadOption
from tests.experiments.test_runner import counted, experiment


def with_image(cell):
    return {"pooled": 1.0, "images": {f"{cell.key}.jpg": "What it looks like"}}


@pytest.fixture
def made(bench):
    made = experiment(counted([], with_image), cells=("one",))
    folder = results_folder(bench.out, made, "choices")
    folder.mkdir(parents=True)
    (folder / "one.jpg").write_bytes(b"jpeg")
    run_experiment(made, bench)
    return made


def test_the_hand_written_head_is_kept(made, bench, tmp_path):
    page = tmp_path / "docs" / "results.md"
    assert collect([made], bench.out, page, bench.protocol) == ["Tiny"]
    text = page.read_text()
    assert text.startswith(f"# Results\n\n{MARKER}\n\n## Tiny\n")
    page.write_text("# Ours\nThe words of a annotator.\n\n" + text.split("\n", 2)[2])
    collect([made], bench.out, page, bench.protocol)
    assert page.read_text() == text.replace("# Results\n", "# Ours\nThe words of a annotator.\n", 1)


def test_plots_and_images_lie_beside_the_page(made, bench, tmp_path):
    page = tmp_path / "docs" / "results.md"
    collect([made], bench.out, page, bench.protocol)
    text = page.read_text()
    assert "![A & B](results/tiny/curve.svg)" in text
    assert "![What it looks like](results/tiny/one.jpg)" in text
    assert (page.parent / "results/tiny/curve.svg").is_file()
    assert (page.parent / "results/tiny/one.jpg").read_bytes() == b"jpeg"


def test_a_page_without_the_marker_is_a_persons(made, bench, tmp_path):
    page = tmp_path / "results.md"
    page.write_text("All mine.\n")
    with pytest.raises(BadOption) as error:
        collect([made], bench.out, page, bench.protocol)
    assert str(error.value) == (
        f"{page}: has no line that says where the results begin; expected the line {MARKER}. "
        "Put it below what is to be kept, or name a new file."
    )
    assert page.read_text() == "All mine.\n"


def test_what_was_not_measured_is_left_out(bench, tmp_path):
    page = tmp_path / "results.md"
    assert collect([experiment(counted([]))], bench.out, page, bench.protocol) == []
    assert page.read_text() == f"# Results\n\n{MARKER}\n"


def test_both_halves_are_shown(bench, tmp_path):
    made = experiment(counted([]), cells=("one",), reads_photos=True)
    for half in ("choices", "figure"):
        bench.half = half
        run_experiment(made, bench)
    page = tmp_path / "results.md"
    collect([made], bench.out, page, bench.protocol)
    text = page.read_text()
    assert "the choices half" in text
    assert "the figure half" in text
    assert "results/tiny-figure/curve.svg" in text


def test_cells_that_another_machine_measured_stay_on_the_page(made, bench, tmp_path):
    page = tmp_path / "docs" / "results.md"
    collect([made], bench.out, page, bench.protocol)
    text = page.read_text()
    collect([made], tmp_path / "nothing-measured-here", page, bench.protocol)
    assert page.read_text() == text
    other = replace(bench.protocol, n_unseen=77)
    assert collect([made], tmp_path / "nothing-measured-here", page, other) == []


def test_generated_pictures_can_be_left_away(made, bench, tmp_path):
    page = tmp_path / "docs" / "results.md"
    collect([made], bench.out, page, bench.protocol, with_images=False)
    assert "one.jpg" not in page.read_text()
    assert "curve.svg" in page.read_text()
    assert not list(page.parent.rglob("*.jpg"))
