"""The protocol of the rivals: figures of a fake rival, and that nothing is measured twice."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from benchmarks.rivals import __main__ as launcher
from benchmarks.rivals import table
from benchmarks.rivals.catalogue import MODULES, WITHOUT_LABELS, rival
from benchmarks.rivals.protocol import (
    NONE,
    ONE,
    TEN,
    Fitted,
    Rival,
    Stopwatch,
    Task,
    label_sets,
    measure,
    result_file,
)

from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED


def task_of(label_maps: np.ndarray) -> Task:
    pictures = np.zeros((*label_maps.shape, 3), np.uint8)
    return Task(pictures, label_maps, lambda: pictures, lambda: [], Path("nowhere"))


def all_parts(size_px: int = 20) -> np.ndarray:
    """A stripe of each part."""
    return np.repeat(np.arange(10, dtype=np.uint8), size_px // 10)[None].repeat(size_px, 0)


def photos_of(*truths: np.ndarray):
    return [(f"photo-{i}", np.full((*t.shape, 3), i, np.uint8), t) for i, t in enumerate(truths)]


def test_the_first_label_everywhere_has_the_iou_that_was_computed_by_hand() -> None:
    label_map = all_parts()
    other = label_map.copy()
    other[:, 2:4] = 0  # where skin is predicted there is background
    unknown = label_map.copy()
    unknown[:, 2:4] = UNLABELLED
    first = Rival(lambda task: Fitted(lambda pixels: task.label_maps[0], {"setting": 3}))

    found = measure(first, task_of(label_map[None]), photos_of(label_map, other, unknown))

    # Of 20 columns, 2 a part: background 6 of 8 pooled; skin 2 of 4; eight parts are right everywhere.
    assert found["n_photos"] == 3
    assert found["pooled"] == pytest.approx((6 / 8 + 2 / 4 + 8) / 10)
    # The second photo: background 2 of 4, eight parts right, no skin in its truth.
    assert found["per_photo"] == pytest.approx((1 + (0.5 + 8) / 9 + 1) / 3)
    assert found["parts"]["skin"] == pytest.approx(0.5)
    assert found["chosen"] == {"setting": 3}
    assert found["peak_memory_mib"] > 10
    json.dumps(found)


def test_a_slow_rival_sees_the_first_photos_only() -> None:
    label_map, seen = all_parts(), []

    def predict(pixels: np.ndarray) -> np.ndarray:
        seen.append(int(pixels[0, 0, 0]))
        return label_map

    found = measure(
        Rival(lambda task: Fitted(predict), most_photos=2),
        task_of(label_map[None]),
        photos_of(*[label_map] * 5),
    )
    assert found["n_photos"] == 2
    assert seen == [0, 1]


def test_a_stopwatch_adds_up_and_divides() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch:
            sum(range(200_000))
    whole, half = watch.seconds(1), watch.seconds(2)
    assert whole["wall_s"] > 0
    assert whole["cpu_s"] > 0
    assert half == {"wall_s": whole["wall_s"] / 2, "cpu_s": whole["cpu_s"] / 2}


def test_label_sets_of_the_words_that_are_asked_for() -> None:
    assert label_sets("one") == ("one-0", "one-1", "one-2", "one-3", "one-4")
    assert label_sets("ten") == (TEN,)
    assert label_sets("one-3") == ("one-3",)


def test_rivals_without_labels_are_measured_once() -> None:
    found = list(launcher.wanted(["mean-label-map", "bisenet"], ["one-0", "ten"]))
    assert found == [("mean-label-map", "one-0"), ("bisenet", NONE), ("mean-label-map", "ten")]


def test_what_was_measured_is_skipped_and_what_failed_is_named(tmp_path: Path) -> None:
    done = result_file(tmp_path, "a", "ten", "choices")
    done.parent.mkdir(parents=True)
    done.write_text("{}")
    calls: list[Sequence[str]] = []

    def start(arguments: Sequence[str]) -> int:
        calls.append(arguments)
        return int(arguments[0] == "c")

    wanted = [("a", "ten"), ("b", "ten"), ("c", "one-0")]
    failed = launcher.run_all(wanted, Path("data"), "choices", tmp_path, start)
    assert failed == ["c one-0"]
    assert [call[0] for call in calls] == ["prepare", "b", "c"]
    assert calls[1] == ["b", "ten", "--data", "data", "--half", "choices", "--out", str(tmp_path)]
    # Where all is done, not even the pictures are made.
    calls.clear()
    assert launcher.run_all(wanted[:1], Path("data"), "choices", tmp_path, start) == []
    assert calls == []


def test_nothing_is_measured_without_pictures(tmp_path: Path) -> None:
    assert launcher.run_all([("b", "ten")], Path("data"), "choices", tmp_path, lambda _: 1) == ["prepare"]


def test_each_measurement_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def run(command, env, check):
        seen.update(env, command=command)
        return type("Done", (), {"returncode": 5})

    monkeypatch.setattr(launcher.subprocess, "run", run)
    assert launcher.start(["a", "ten"]) == 5
    assert seen["OMP_NUM_THREADS"] == "1"
    assert seen["command"] == [sys.executable, "-m", "benchmarks.rivals.run", "a", "ten"]


def test_a_missing_archive_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rivals", "all", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"no faces_labelled_512\.zip"):
        launcher.main()


def test_the_launcher_runs_what_is_asked_and_leaves_with_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faces_labelled_512.zip").touch()
    calls: list[Sequence[str]] = []
    monkeypatch.setattr(launcher, "start", lambda arguments: calls.append(arguments) or 0)
    where = ["--data", str(tmp_path), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["rivals", "lite0-ridge", "--labels", "ten", *where])
    launcher.main()
    assert [call[:2] for call in calls] == [["prepare", "--data"], ["lite0-ridge", "ten"]]
    monkeypatch.setattr(launcher, "start", lambda arguments: int(arguments[0] != "prepare"))
    with pytest.raises(SystemExit, match="failed: lite0-ridge ten"):
        launcher.main()


@pytest.mark.parametrize("name", MODULES)
def test_every_rival_is_found_by_its_name(name: str) -> None:
    assert callable(rival(name).fit)


def test_the_table_has_means_over_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    result = {"per_photo": 0.6, "fit": {"cpu_s": 10.0}, "photo": {"cpu_s": 0.25}, "n_photos": 250}
    for label_set, pooled, memory in (("one-0", 0.5, 300), ("one-2", 0.6, 400), ("ten", 0.7, 500)):
        path = result_file(tmp_path, "mean-label-map", label_set, "choices")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result | {"pooled": pooled, "peak_memory_mib": memory}))
    monkeypatch.setattr(sys, "argv", ["table", "--out", str(tmp_path)])
    table.main()
    said = capsys.readouterr().out
    assert "| mean-label-map | one | 55.0 / 60.0 | 50.0, 60.0 | 10 | 0.25 | 400 | 250 |" in said
    assert "| mean-label-map | ten | 70.0 / 60.0 | 70.0 | 10 | 0.25 | 500 | 250 |" in said
    assert (tmp_path / "rivals" / "rivals-choices.md").read_text() == said
    [first, second] = json.loads((tmp_path / "rivals" / "rivals-choices.json").read_text())["rows"]
    assert (first["pooled_each"], second["labels"]) == ([0.5, 0.6], "ten")


def test_names_of_rivals_without_labels_are_known() -> None:
    assert set(MODULES) > WITHOUT_LABELS
    assert len(ONE) == 5
    assert FACE_PARTS.n_parts == 10
