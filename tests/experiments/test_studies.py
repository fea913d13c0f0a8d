"""Every study measures a cell with the tiny generator."""

from dataclasses import replace

import numpy as np
import pytest
from experiments.auto_shot import LoadTeacher, baseline_for, labelled_pictures, network_for
from experiments.catalogue import EXPERIMENTS, experiment_named
from experiments.experiment import Cell
from experiments.memory import measured
from experiments.runner import run_experiment
from experiments.studies import faces, few_shot_networks, labels, levels, pictures, shapes, two_networks
from PIL import Image

from experiments import memory as memory_module
from partly.data.labels.part_sets import FACE_PARTS
from partly.errors import BadLabel, BadOption
from partly.fewshot.fitting.method_table import METHODS
from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.head_training import HeadConfig
from tests.fakes import tiny_encoder

TINY = DistilConfig(n_pictures=20, size_px=32, architecture="unet-small", pretrained=False, n_steps=2)


def with_cells(name, *changes):
    """The experiment with its first cell alone, once for each of the changed settings."""
    made = EXPERIMENTS[name]
    cells = [Cell(f"c{i}", made.cells[0].settings | change) for i, change in enumerate(changes)]
    return replace(made, cells=tuple(cells))


def figures_of(experiment, bench):
    return [row.figures for row in run_experiment(experiment, bench)[1]]


@pytest.fixture
def small(monkeypatch):
    for module in (pictures, labels):
        monkeypatch.setattr(module, "small_budget", lambda *_: TINY)
    monkeypatch.setattr(faces, "HEADLINE", TINY)


def test_few_shot_networks(bench):
    one, three = {"n_draws": 2}, {"n_labels": 3, "n_draws": 1}
    found = figures_of(with_cells("few-shot-networks", one, three), bench)
    assert len(found[0]["pooled_each"]) == 2
    assert found[0]["n_parameters"] > 0
    assert found[0]["fit_s"] >= 0
    assert found[1]["draws_spread"] is None


def test_labels_drawn_by_hand_are_the_shipped_ones(bench, monkeypatch):
    shipped = bench.labels(3, 0)
    monkeypatch.setattr(few_shot_networks, "load_annotations", lambda: shipped)
    fitted = []
    fit = few_shot_networks.fit_few_shot
    monkeypatch.setattr(
        few_shot_networks,
        "fit_few_shot",
        lambda generator, labels, *rest: fitted.append(labels) or fit(generator, labels, *rest),
    )
    [cell] = [cell for cell in few_shot_networks.EXPERIMENT.cells if cell.key == "ridge-drawn-1"]
    run_experiment(replace(few_shot_networks.EXPERIMENT, cells=(cell,)), bench)
    assert fitted == [shipped[:1]]


def test_few_shot_networks_are_all_there():
    cells = few_shot_networks.EXPERIMENT.cells
    assert {cell.settings["method"] for cell in cells} == set(METHODS)
    assert {cell.settings["n_labels"] for cell in cells} == {1, 5, 10}


def test_levels(bench):
    experiment = with_cells("levels", {"sizes_px": [16], "n_draws": 1}, {"sizes_px": [8, 16], "n_draws": 1})
    found = figures_of(experiment, bench)
    assert found[0]["pooled"] != found[1]["pooled"]
    keys = {cell.key for cell in levels.EXPERIMENT.cells}
    assert {"only-4-labels-1", "4-to-256-labels-10", "8-to-256-labels-1", "default-labels-10"} <= keys


def test_shapes(bench):
    [found] = figures_of(with_cells("shapes", {"shape": "half", "n_draws": 1}), bench)
    assert found["n_pictures"] == 3
    assert 0 <= found["pooled"] <= 100
    with Image.open(bench.out / "shapes" / "c0.jpg") as image:
        assert image.width > image.height > 128
    assert "found from one label below" in found["images"]["c0.jpg"]
    text = (bench.out / "shapes" / "results.md").read_text()
    assert "](c0.jpg)" in text


def test_shapes_need_landmarks(bench, monkeypatch):
    monkeypatch.setattr(shapes, "shape_map", lambda *_: None)
    with pytest.raises(BadLabel) as error:
        shapes.shape_labels(bench, 1, 0, "half")
    assert str(error.value) == (
        "no labelled picture of draw 0 shows both eyes, nose and mouth; expected one or more."
    )


def test_label_noise(bench):
    damages = [cell.settings | {"n_draws": 1} for cell in EXPERIMENTS["label-noise"].cells[:2]]
    scribbles = {"damage": "scribbles, % of pixels", "strength": 10.0, "n_draws": 1}
    clean, jitter, strokes = figures_of(with_cells("label-noise", *damages, scribbles), bench)
    assert clean["pooled"] != jitter["pooled"]
    assert strokes["pooled"] > 0


def test_pictures(bench, small):
    [found] = figures_of(with_cells("pictures", {"n_photos": 2, "photo_px": 32}), bench)
    assert found["n_photos"] == 2
    assert 0 <= found["pooled"] <= 100


def test_pictures_cells_are_their_own_budgets():
    keys = [cell.key for cell in EXPERIMENTS["pictures"].cells]
    assert "n-30-truncation-0.7-1" in keys
    assert "n-300-truncation-1-1.2" in keys
    assert pictures.small_budget(30, (0.5, 0.5)).truncation.high == 0.5


def test_labels(bench, small):
    arms = [{"arm": arm, "n_draws": 1} for arm in ("few-shot", "auto-shot", "baseline")]
    few_shot, auto_shot, baseline = figures_of(with_cells("labels", *arms), bench)
    assert "photos_pooled" not in few_shot
    assert 0 <= auto_shot["photos_pooled"] <= 100
    assert 0 <= baseline["photos_pooled"] <= 100
    kept = {path.name for path in bench.cache.iterdir()}
    name = bench.teacher_name(1, 0)
    assert {f"teacher-{name}", f"auto-shot-{name}", "baseline-1-0", f"labels-of-{name}", "pictures"} <= kept


def test_two_networks(bench, monkeypatch):
    monkeypatch.setattr(two_networks, "CONFIG", replace(TINY, best=True))
    monkeypatch.setattr(two_networks, "load_encoder", lambda _name, _px: tiny_encoder().at_size(56))
    quick = HeadConfig(n_steps=2, batch_size=2, label_px=16)
    monkeypatch.setattr(head_distillation, "HeadConfig", lambda: quick)
    monkeypatch.setattr("partly.synthesis.distil.own_photos._N_CHANGED", 2)
    painted, distil = [], two_networks.distil
    monkeypatch.setattr(
        two_networks,
        "distil",
        lambda *a, own, **b: painted.append(own.annotations) or distil(*a, own=own, **b),
    )
    each = [{"draw": 0}, {"draw": 0, "n_photos": 1}, {"draw": 1}]
    steps = {"config": {"n_steps": TINY.n_steps}}
    experiment = with_cells("two-networks", *(one | steps for one in each))
    folder, rows = run_experiment(experiment, replace(bench, half="figure"))
    assert [len(annotations) for annotations in painted] == [0, 1, 0]
    for figures in (row.figures for row in rows):
        assert figures["fast_n_pictures"] == figures["best_n_pictures"] == 2
        assert figures["fast_glasses_pooled"] != figures["fast_pooled"]
    text = (folder / "results.md").read_text()
    means = [np.mean([row.figures[f"fast_{of}"] for row in rows[::2]]) for of in ("pooled", "per_picture")]
    assert f"One label, mean of 2 draws, pooled / per photo: fast {means[0]:.1f} / {means[1]:.1f}" in text
    assert {path.name for path in folder.glob("*.html")} >= {"c0-fast.html", "c0-best.html"}


def test_faces(bench, small):
    folder, rows = run_experiment(
        with_cells("faces", {"draw": 0, "scales": [1.0]}, {"draw": 1, "scales": [1.0]}),
        bench,
    )
    first, second = (row.figures for row in rows)
    assert first["n_photos"] == 2
    assert first["glasses_pooled"] != first["pooled"]
    text = (folder / "results.md").read_text()
    assert "One label, mean of 2 draws: pooled" in text
    assert "Worst photos" in (folder / "c0.html").read_text()
    assert second["parts"].keys() == first["parts"].keys()


def test_the_ceiling(bench):
    made = EXPERIMENTS["faces"]
    cells = tuple(Cell(f"c{px}", {"ceiling_px": px, "scales": [1.0], "refine": False}) for px in (16, 32))
    _, rows = run_experiment(replace(made, cells=cells), bench)
    assert all(row.figures["pooled"] > 0 for row in rows)
    assert made.cells[-1].settings == {"ceiling_px": 512, "scales": [1.0], "refine": False}


@pytest.mark.parametrize("stage", ["proposal", "fit-1", "refit", "labelled-picture", "photo-192"])
def test_cost(stage, bench, monkeypatch):
    monkeypatch.setattr("experiments.studies.cost.DistilConfig", lambda: TINY)
    [cell] = [cell for cell in EXPERIMENTS["cost"].cells if cell.key == stage]
    [found] = figures_of(replace(EXPERIMENTS["cost"], cells=(cell,)), bench)
    assert found["time_s"] > 0
    assert found["cpu_s"] > 0
    assert found["n_threads"] >= 1


def test_cost_of_a_step(bench, monkeypatch):
    monkeypatch.setattr("experiments.studies.cost.DistilConfig", lambda: TINY)
    monkeypatch.setattr("experiments.studies.cost._N_STEPS", 2)
    step = {"stage": "training-step", "size_px": 32}
    [found] = figures_of(with_cells("cost", step), bench)
    assert found["time_s"] > 0


def test_networks_are_made_once_and_share_pictures(bench, monkeypatch):
    first = network_for(bench, 1, 0, TINY)
    other = network_for(bench, 1, 1, TINY)
    assert first.digest != other.digest
    assert len(list((bench.cache / "pictures").iterdir())) == 1
    baseline = baseline_for(bench, 1, 0, TINY)
    monkeypatch.setattr("experiments.auto_shot.distil", lambda *_a, **_k: pytest.fail("made again"))
    monkeypatch.setattr("experiments.auto_shot.train_auto_shot", lambda *_a, **_k: pytest.fail("again"))
    assert network_for(bench, 1, 0, TINY).digest == first.digest
    assert baseline_for(bench, 1, 0, TINY).digest == baseline.digest
    with pytest.raises(pytest.fail.Exception):
        network_for(bench, 1, 0, replace(TINY, n_steps=3))


def test_workers_load_the_same_models(bench):
    teacher = LoadTeacher(bench.get_generator, bench.teacher_folder(1, 0))()
    assert teacher.digest == bench.teacher(1, 0).digest
    assert teacher.part_set == FACE_PARTS


def test_labelled_pictures_ask_nothing_where_nothing_is_labelled(bench):
    [label] = bench.labels(1, 0)
    unlabelled = label.label_map.copy()
    unlabelled[:10] = 255
    data = labelled_pictures(bench.generator, [replace(label, label_map=unlabelled)], 32)
    assert data.images.shape == (20, 3, 32, 32)
    soft = data.logits[0].softmax(0)
    assert np.allclose(soft[:, :10], 0.1)
    assert (soft[:, 10:].argmax(0).numpy() == label.label_map[10:]).all()


def test_memory_is_told_where_the_system_tells_it(monkeypatch, tmp_path):
    calls = []
    found = measured(lambda: calls.append(1), 3, warm=True)
    assert len(calls) == 4
    assert found["time_s"] >= 0
    monkeypatch.setattr(memory_module, "_RESET", tmp_path / "none" / "clear_refs")
    assert measured(lambda: None)["peak_mib"] is None
    (tmp_path / "status").write_text("Name: x\nVmHWM:\t    2048 kB\n")
    monkeypatch.setattr(memory_module, "_RESET", tmp_path / "clear_refs")
    monkeypatch.setattr(memory_module, "_STATUS", tmp_path / "status")
    assert measured(lambda: None)["peak_mib"] == 2.0


def test_choosing(bench):
    together, grown = figures_of(
        with_cells("choosing", *({"n_labels": 3, "n_first": n_first, "n_draws": 2} for n_first in (None, 2))),
        bench,
    )
    assert len(together["pooled_each"]) == len(grown["pooled_each"]) == 2


def test_unknown_experiments():
    with pytest.raises(BadOption) as error:
        experiment_named("level")
    assert str(error.value) == (
        "there is no experiment 'level'; expected one of faces, two-networks, few-shot-networks, choosing, "
        "labels, objects, photo-networks, levels, shapes, label-noise, pictures, cost, anywhere, "
        "anywhere-known, adversarial, adversarial-labels. Did you mean 'levels'."
    )
    with pytest.raises(BadOption, match=r"adversarial-labels\.$"):
        experiment_named("xyz")
