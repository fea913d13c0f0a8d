"""Verbs on a machine that is not the plain processor: what they keep says so, and is used again elsewhere."""

import json

import numpy as np
import pytest
import torch

from partly.cli.command_line import run
from partly.data.labels.annotation import save_annotation
from partly.data.labels.label_maps import write_label_map
from partly.machine import Machine
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.project.fit_verb import fit_project
from partly.project.picture_options import PicturesRequest
from partly.project.proposed_photos import propose
from partly.storage.runs import list_runs
from tests.conftest import PHOTO_SHAPES, label_photo
from tests.device_with_values import device_with_values
from tests.fakes import TWO_PARTS, thing_annotation, thing_labels

HALVES = Machine(dtype=torch.bfloat16)


def card_of(folder):
    return json.loads((folder / "model.json").read_text())


def test_a_fit_says_on_what_it_was_made_and_is_not_made_anew_elsewhere(labelled_project):
    fit_project(labelled_project)
    assert "made_on" not in card_of(labelled_project.few_shot)
    result = fit_project(labelled_project, anew=True, machine=HALVES)
    assert not result.was_there
    assert card_of(labelled_project.few_shot)["made_on"] == "cpu, bfloat16"
    [*_, last] = sorted(list_runs(labelled_project.runs), key=lambda kept: kept.folder.name)
    assert last.result["made_on"] == "cpu, bfloat16"
    assert fit_project(labelled_project).was_there
    assert fit_project(labelled_project, machine=HALVES).was_there


def test_a_fit_on_another_device_is_nearly_the_same(labelled_project):
    fit_project(labelled_project)
    before = (labelled_project.few_shot / "model.safetensors").read_bytes()
    with device_with_values() as device:
        result = fit_project(labelled_project, anew=True, machine=Machine(device))
    assert card_of(labelled_project.few_shot)["made_on"] == "meta, float32"
    assert result.previews.is_file()
    after = (labelled_project.few_shot / "model.safetensors").read_bytes()
    assert len(after) == len(before)


def test_a_fit_on_photos_on_another_device(photo_project, tmp_path):
    label_photo(photo_project, 0)
    with device_with_values() as device:
        fit_project(photo_project, machine=Machine(device))
    assert card_of(photo_project.few_shot)["made_on"] == "meta, float32"
    words = ["segment", str(photo_project.folder), str(photo_project.photo_folder)]
    assert run([*words, "--out", str(tmp_path / "out")]) == 0


def test_pictures_are_the_same_ones_on_every_device(labelled_project, generator):
    """The same name stands for the same latent: what one device wrote another finds."""
    request = PicturesRequest(n_pictures=2, n_candidates=6)
    here = propose(labelled_project, request)
    with device_with_values() as device:
        there = propose(labelled_project, request, machine=Machine(device))
    assert [(p.id, p.w.tobytes()) for p in there] == [(p.id, p.w.tobytes()) for p in here]
    fit_project(labelled_project)
    unsure = PicturesRequest(n_pictures=1, n_candidates=6, unsure=True)
    here = propose(labelled_project, unsure)
    with device_with_values() as device:
        assert [p.id for p in propose(labelled_project, unsure, machine=Machine(device))] == [here[0].id]


def test_photos_are_chosen_alike(fitted_photos):
    for request in (PicturesRequest(n_pictures=2), PicturesRequest(n_pictures=1, unsure=True)):
        here = propose(fitted_photos, request)
        with device_with_values() as device:
            there = propose(fitted_photos, request, machine=Machine(device))
        assert [p.photo for p in there] == [p.photo for p in here]


def test_the_command_line_chooses_device_and_precision(labelled_project, capsys):
    folder = str(labelled_project.folder)
    assert run(["fit", folder, "--device", "cpu", "--precision", "bfloat16"]) == 0
    assert card_of(labelled_project.few_shot)["made_on"] == "cpu, bfloat16"
    assert run(["pictures", folder, "--n", "1", "--candidates", "3", "--device", "cpu"]) == 0
    capsys.readouterr()


@pytest.mark.skipif(torch.cuda.is_available(), reason="here there is one")
@pytest.mark.parametrize("verb", ["fit", "pictures", "label", "evaluate", "evaluate-generator"])
def test_a_device_that_is_not_there_is_refused_before_any_work(verb, labelled_project, tmp_path, capsys):
    words = [verb, str(labelled_project.folder)]
    words += {"evaluate": [str(tmp_path)], "evaluate-generator": [str(tmp_path)]}.get(verb, [])
    assert run([*words, "--device", "cuda"]) == 2
    said = capsys.readouterr().err
    assert "device cuda:0 is not there; expected one of cpu" in said
    assert "This PyTorch was built without CUDA" in said
    assert run([*words, "--device", "gpu"]) == 2
    assert "device 'gpu'; expected one of auto, cpu, cuda, cuda:0, cuda:1, mps" in capsys.readouterr().err
    assert not labelled_project.few_shot.exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB.\nMore"),
            "CUDA out of memory. Tried 2 GiB.",
        ),
        (MemoryError(), "out of memory"),
    ],
)
def test_memory_that_is_too_short_is_said_in_a_sentence(error, said, labelled_project, monkeypatch, capsys):
    def fails(*_arguments, **_options):
        raise error

    monkeypatch.setattr("partly.project.fit_verb.fit_teacher", fails)
    assert run(["fit", str(labelled_project.folder)]) == 1
    told = capsys.readouterr().err
    assert f"memory is too short, even for one picture at a time ({said}). Close what else" in told
    assert "--device cpu" in told


def test_what_a_gpu_of_apple_cannot_do_is_said_in_a_sentence(labelled_project, monkeypatch, capsys):
    def fails(*_arguments, **_options):
        raise NotImplementedError("The operator 'aten::x' is not currently implemented for the MPS device.")

    monkeypatch.setattr("partly.project.fit_verb.fit_teacher", fails)
    assert run(["fit", str(labelled_project.folder)]) == 1
    told = capsys.readouterr().err
    assert "Apple's GPU cannot compute something that this needs (The operator 'aten::x' is not" in told
    assert "Compute on the processor: --device cpu." in told


def test_other_errors_are_defects_as_before(labelled_project, monkeypatch):
    def fails(*_arguments, **_options):
        raise RuntimeError("a defect")

    monkeypatch.setattr("partly.project.fit_verb.fit_teacher", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        run(["fit", str(labelled_project.folder)])


def test_label_files_take_no_device(labelled_project, tmp_path, capsys):
    words = ["label", str(labelled_project.folder), "--shipped", "face-1", "--device", "cpu"]
    assert run(words) == 2
    assert "Options of the studio go without label files" in capsys.readouterr().err


@pytest.fixture
def truth(tmp_path, photo_folder):
    for seed, shape in enumerate(PHOTO_SHAPES[:2]):
        write_label_map(tmp_path / "truth" / f"{seed}.png", thing_labels(*shape, seed), TWO_PARTS)
    return tmp_path / "truth"


def test_a_network_is_evaluated_on_the_machine(labelled_project, truth, photo_folder, tmp_path, capsys):
    torch.manual_seed(0)
    AutoShotNetwork("unet-small", TWO_PARTS, 32).save(labelled_project.auto_shot)
    words = ["evaluate", str(labelled_project.auto_shot), str(truth), "--photos", str(photo_folder), "--json"]
    figures = []
    for options in (["--device", "cpu"], ["--device", "cpu", "--precision", "bfloat16"]):
        assert run([*words, *options, "--out", str(tmp_path / "out")]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    plain, halves = figures
    assert "Predicted on cpu, bfloat16." in halves["notes"]
    assert not any("Predicted on" in note for note in plain["notes"])
    total = np.sum(plain["confusion"])
    assert np.abs(np.subtract(plain["confusion"], halves["confusion"])).sum() < 0.1 * total


def test_a_teacher_of_photos_is_evaluated_on_another_device(fitted_photos, truth, photo_folder):
    from partly.project.evaluate_verb import evaluate_against
    from partly.project.evaluation_options import EvaluationChoices

    choices = EvaluationChoices(photos=photo_folder)
    here = evaluate_against(fitted_photos.folder, truth, choices)
    with device_with_values() as device:
        there = evaluate_against(fitted_photos.folder, truth, choices, machine=Machine(device))
    assert np.abs(there.confusion - here.confusion).sum() < 0.01 * here.confusion.sum()
    assert there.notes[-1] == "Predicted on meta, float32."


def test_more_labels_follow_a_fit_from_elsewhere(labelled_project, generator):
    fit_project(labelled_project, machine=HALVES)
    save_annotation(labelled_project.annotations, thing_annotation(generator, 1), labelled_project.part_set)
    assert fit_project(labelled_project).annotation_ids == ("p0", "p1")
    assert "made_on" not in card_of(labelled_project.few_shot)
