"""Fit, distil, segment and the rest as functions: what they refuse, and what they do not do twice."""

import json
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from partly.cli.command_line import run
from partly.data.labels.annotation import save_annotation
from partly.data.labels.label_maps import write_label_map
from partly.errors import BadLabel, BadModelFile, BadOption, BadProject, NotAvailable
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.machine.work_options import SpreadOptions
from partly.models.generators.truncation import Truncation
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.project.chosen_network import network_of
from partly.project.distil_verb import default_workers, distil_config, distil_project, usual_workers
from partly.project.evaluate_verb import evaluate_against
from partly.project.evaluation_options import EvaluationChoices
from partly.project.fit_verb import fit_project
from partly.project.project_description import describe
from partly.project.project_folder import open_project
from partly.project.project_page import read_log, run_of_model, write_project_page
from partly.project.project_state import state_of
from partly.storage.runs import Run, begin_run, list_runs
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.distillation import new_network
from tests.fakes import TWO_PARTS, thing_annotation


@pytest.fixture
def fitted(labelled_project):
    fit_project(labelled_project)
    return labelled_project


def make_network(project, **extra):
    network = AutoShotNetwork("unet-small", project.part_set, 32)
    network.save(project.auto_shot, extra)
    return network


def edit(project, old, new):
    path = project.folder / "project.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return open_project(project.folder)


def test_fit_does_nothing_twice_unless_something_changed(fitted, generator):
    assert fit_project(fitted).was_there
    assert not fit_project(fitted, anew=True).was_there
    assert not fit_project(fitted, FewShotConfig(n_statistics=4)).was_there
    save_annotation(fitted.annotations, thing_annotation(generator, 1), fitted.part_set)
    result = fit_project(fitted)
    assert not result.was_there
    assert result.annotation_ids == ("p0", "p1")


def test_fit_needs_an_annotation(project):
    with pytest.raises(BadLabel, match="no annotation"):
        fit_project(project)
    assert list_runs(project.runs) == []


def test_other_colours_make_models_anew_and_the_old_ones_too(fitted):
    distil_project(fitted, distil_config(fitted), n_workers=1)
    shards = {path: path.stat().st_mtime_ns for path in fitted.labelled.rglob("*.tar")}
    red = fitted.part_set.parts[1].colour[0]
    for old, new in ((red, red - 1), (red - 1, red)):
        project = edit(fitted, f"    {old},", f"    {new},")
        state = state_of(project)
        assert (state.few_shot, state.auto_shot) == ("outdated", "outdated")
        assert not fit_project(project).was_there
        assert state_of(project).next_step == f"partly distil {project.folder}"
        assert not distil_project(project, distil_config(project), n_workers=1).was_there
        assert network_of(project.folder).part_set == project.part_set
        assert state_of(project).auto_shot == "ready"
    assert {path: path.stat().st_mtime_ns for path in fitted.labelled.rglob("*.tar")} == shards


def test_distil_needs_a_segmenter_of_these_parts_and_this_generator(project, fitted, make_project):
    empty = make_project("empty")
    with pytest.raises(BadProject, match=f"no few-shot segmenter yet. Run: partly fit {empty.folder}"):
        distil_project(empty, distil_config(empty))
    renamed = edit(fitted, 'name = "thing"', 'name = "leaf"')
    with pytest.raises(BadProject, match=r"was fitted with other parts; expected the parts of project.toml"):
        distil_project(renamed, distil_config(renamed))


def test_choices_of_project_toml_and_of_now(project):
    assert distil_config(project) == DistilConfig(
        n_pictures=30, size_px=32, architecture="unet-small", pretrained=False, n_steps=3
    )
    assert distil_config(project, n_steps=None, n_pictures=7).n_pictures == 7
    assert distil_config(project, architecture="lite0-unet").pretrained
    assert not distil_config(project, architecture="lite0-unet", pretrained=False).pretrained
    with pytest.raises(BadOption, match="'unet-small' has no pretrained encoder; expected lite0-unet"):
        distil_config(project, pretrained=True)
    assert default_workers() >= 1


def test_truncation_is_of_generated_pictures(fitted, photo_project, capsys):
    config = distil_config(fitted, truncation=Truncation(0.5, 0.9))
    assert config.synthesis().truncation == Truncation(0.5, 0.9)
    assert distil_config(fitted).synthesis().truncation == Truncation(0.7, 1.0)
    with pytest.raises(BadOption, match=r"truncation is 0.9 to 0.5; expected 0 <= low <= high <= 2. Try"):
        distil_config(fitted, truncation=Truncation(0.9, 0.5))
    with pytest.raises(BadOption, match=r"a truncation of photos; expected none: .* Leave --truncation out"):
        distil_config(photo_project, truncation=Truncation(0.5, 0.9))

    assert run(["distil", str(fitted.folder), "--truncation", "0.2", "0.3", "--workers", "1"]) == 0
    [pictures] = (fitted.folder / "labelled" / "pictures").glob("*/*000000*.tar")
    with tarfile.open(pictures) as file:
        records = [json.load(file.extractfile(one)) for one in file if one.name.endswith(".json")]
    assert records
    assert all(0.2 <= record["truncation"] <= 0.3 for record in records)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            {"architecture": "resnet"},
            "architecture is 'resnet'; expected one of unet-small",
        ),
        ({"n_pictures": 1}, "n_pictures is 1; expected 2 or more"),
        ({"drop_uncertain": 1.0}, "drop_uncertain is 1.0; expected a share from 0 to below 1"),
        ({"painted_share": 1.0}, "painted_share is 1.0; expected a share from 0 to below 1"),
        ({"recolour_parts": 1.5}, "recolour_parts is 1.5; expected a probability from 0 to 1"),
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"seed": 2**31}, "seed is 2147483648; expected 0 to 2147483647"),
        ({"seed": -1}, "seed is -1; expected 0 to 2147483647"),
        ({"size_px": 8}, "size_px is 8; expected 32 or more"),
    ],
)
def test_choices_that_cannot_be(choices, said):
    with pytest.raises(BadOption) as caught:
        DistilConfig(**choices)
    assert said in str(caught.value)


def test_sizes_of_training_and_pictures():
    small, large = DistilConfig(size_px=96), DistilConfig(size_px=512)
    assert [(s.share, s.size_px) for s in small.training().stages] == [(1.0, 96)]
    assert [(s.share, s.size_px) for s in large.training().stages] == [(0.5, 128), (0.3, 192), (0.2, 512)]
    usual = DistilConfig(size_px=192).training()
    assert [(s.share, s.size_px) for s in usual.stages] == [(0.7, 128), (1 - 0.7, 192)]
    assert (small.synthesis().size_px, small.synthesis().label_px) == (256, 128)
    assert (large.synthesis().size_px, large.synthesis().label_px) == (512, 256)


def test_a_pretrained_encoder_must_be_there(fitted):
    with pytest.raises(NotAvailable, match="Run: partly get efficientnet-lite0"):
        distil_project(fitted, distil_config(fitted, architecture="lite0-unet"))


def test_a_network_starts_from_the_encoder_it_is_given(tmp_path):
    config = DistilConfig(size_px=64)
    with pytest.raises(BadOption, match="a pretrained encoder without its weights"):
        new_network(TWO_PARTS, config, None)
    encoder = AutoShotNetwork("lite0-unet", TWO_PARTS, 64).body.encoder
    save_file(encoder.state_dict(), tmp_path / "encoder.safetensors")
    network = new_network(TWO_PARTS, config, tmp_path / "encoder.safetensors")
    assert torch.equal(network.body.encoder.stem.conv.weight, encoder.stem.conv.weight)
    again = new_network(TWO_PARTS, config, tmp_path / "encoder.safetensors")
    assert network.digest == again.digest


@pytest.mark.slow
def test_distil_with_two_processes_makes_the_same_pictures(fitted, capsys):
    assert run(["distil", str(fitted.folder), "--workers", "1", "--json"]) == 0
    shards = {str(path): path.read_bytes() for path in fitted.labelled.rglob("*.tar")}
    shutil.rmtree(fitted.labelled)
    assert run(["distil", str(fitted.folder), "--workers", "2", "--again"]) == 0
    assert {str(path): path.read_bytes() for path in fitted.labelled.rglob("*.tar")} == shards
    assert len([r for r in list_runs(fitted.runs) if r.verb == "distil"]) == 2


def test_shares_of_the_pictures_and_then_the_rest(fitted, capsys):
    command = ["distil", str(fitted.folder), "--workers", "1"]
    assert run(command) == 0
    shards = {str(path): path.read_bytes() for path in fitted.labelled.rglob("*.tar")}
    shutil.rmtree(fitted.labelled)
    capsys.readouterr()
    assert run([*command, "--share", "2/2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"share": "2/2", "n_pictures": 5}
    assert len(list(fitted.labelled.rglob("*.tar"))) == 2
    # Nothing is trained, and nothing says that it was.
    assert len([r for r in list_runs(fitted.runs) if r.verb == "distil"]) == 1
    assert run([*command, "--share", "1/2"]) == 0
    told = "Share 1/2 is there: 25 pictures\nWhen all shares are: the same command without --share\n"
    assert capsys.readouterr().out == told
    assert {str(path): path.read_bytes() for path in fitted.labelled.rglob("*.tar")} == shards
    assert run([*command, "--share", "3/2"]) == 2
    assert "the share '3/2'; expected K/N, with K from 1 to N" in capsys.readouterr().err


@pytest.mark.slow
def test_a_second_round_of_project_toml_and_of_now(fitted, capsys):
    asked = edit(fitted, "second_round = 0.0", "second_round = 0.25")
    assert distil_config(asked).second_round == 0.25
    command = ["distil", str(fitted.folder), "--workers", "1"]
    assert run([*command, "--second-round", "0"]) == 0
    first = network_of(fitted.folder).digest
    assert capsys.readouterr().out.count("Panels: ") == 1
    assert run([*command, "--second-round", "0.5"]) == 0
    folder = [r for r in list_runs(fitted.runs) if r.verb == "distil"][-1].folder
    assert f"Panels: {folder / 'second-round' / 'panels'}" in capsys.readouterr().out
    assert (folder / "second-round" / "log.jsonl").read_text().count("\n") == 2
    assert describe(fitted.auto_shot)["config"]["second_round"] == 0.5
    assert network_of(fitted.folder).digest != first
    assert run([*command, "--second-round", "0.5"]) == 0
    assert "It was made already" in capsys.readouterr().out
    assert run([*command, "--second-round", "-1"]) == 2
    assert "second_round is -1.0; expected a share of n_steps, 0 or more" in capsys.readouterr().err


def files_of(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*.tar")}


def test_all_teachers_of_a_project_share_its_pictures(fitted):
    distil_project(fitted, distil_config(fitted), n_workers=1)
    pictures, labels = (files_of(fitted.labelled / name) for name in ("pictures", "labels"))
    assert len(pictures) == len(labels) == 2
    fit_project(fitted, FewShotConfig(n_statistics=4))
    distil_project(fitted, distil_config(fitted), n_workers=1)
    assert files_of(fitted.labelled / "pictures") == pictures
    both = files_of(fitted.labelled / "labels")
    assert len(both) == 4
    assert labels.items() < both.items()
    distil_project(fitted, distil_config(fitted, seed=1), n_workers=1)
    assert len(list((fitted.labelled / "pictures").iterdir())) == 2
    assert len(list((fitted.labelled / "labels").iterdir())) == 3


def test_networks_of_projects_and_folders(project, tmp_path):
    with pytest.raises(BadProject, match=r"has no auto-shot network yet. Run: partly distil"):
        network_of(project.folder)
    with pytest.raises(BadModelFile, match="is neither a project nor a model folder"):
        network_of(tmp_path / "nothing")
    network = make_network(project)
    assert network_of(project.folder).digest == network_of(project.auto_shot).digest == network.digest


def test_what_is_next(project, labelled_project, monkeypatch, generator, cache):
    def step():
        return state_of(open_project(project.folder)).next_step.removesuffix(str(project.folder)).strip()

    assert step() == "partly fit"
    fit_project(project)
    assert step() == "partly distil"
    make_network(project, parents={"few_shot_sha256": describe(project.few_shot)["weights_sha256"]})
    assert step() == f"partly segment {project.folder} PHOTOS"
    save_annotation(project.annotations, thing_annotation(generator, 1), project.part_set)
    state = state_of(project)
    assert (state.few_shot, state.auto_shot) == ("outdated", "outdated")
    assert state.why == "the annotations changed since the segmenter was made"
    fit_project(project)
    assert state_of(project).why == "the few-shot segmenter changed since the network was made"
    edit(project, 'architecture = "unet-small"', 'architecture = "lite0-unet"')
    edit(project, "pretrained = false", "pretrained = true")
    assert step() == "partly get efficientnet-lite0"
    edit(project, project.settings.generator, "ffhq")
    assert step() == "partly get ffhq"
    edit(project, '"ffhq"', '"/no/where"')
    assert step() == "edit generator in project.toml"


def test_what_is_next_without_labels(project, generator):
    assert state_of(project).next_step == f"partly label {project.folder}"
    for path in (project.pictures / "picture-0-1.png", project.latents / "picture-0-1.json"):
        path.parent.mkdir()
        path.write_text("{}")
    assert state_of(project).next_step == f"partly label {project.folder}"


def test_info(fitted, capsys, tmp_path):
    make_network(fitted, parents={})
    assert run(["info", str(fitted.folder)]) == 0
    said = capsys.readouterr().out
    assert "next step: partly distil" in said
    assert "parts: background, thing" in said
    assert "; fit; finished" in said
    assert run(["info", str(fitted.auto_shot), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["arguments"]["part_set"] == ["background", "thing"]
    assert run(["info"]) == 0
    assert "ffhq; generator of faces" in capsys.readouterr().out
    assert run(["info", str(tmp_path)]) == 1
    assert "is neither a project nor a model" in capsys.readouterr().err
    (fitted.auto_shot / "model.json").write_text("[]")
    assert describe(fitted.folder)["models"].keys() == {"few_shot"}


def test_pages_of_projects_in_any_state(project, annotation, monkeypatch):
    training = DistilConfig.training
    monkeypatch.setattr(DistilConfig, "training", lambda self: replace(training(self), evaluate_every=1))
    assert "Next: partly label" in write_project_page(project).read_text()
    save_annotation(project.annotations, annotation, project.part_set)
    assert "Labelled pictures" in write_project_page(project).read_text()
    fit_project(project)
    assert "Few-shot segmenter" in write_project_page(project).read_text()
    distil_project(project, distil_config(project), n_workers=1)
    page = write_project_page(project).read_text()
    assert "Agreement on held-out pictures" in page
    assert "Settings of the network" in page


def test_a_page_shows_the_run_that_made_the_model(project):
    for verb, name, folder in (
        ("fit", "few_shot_sha256", project.few_shot),
        ("distil", "network_sha256", project.auto_shot),
    ):
        assert run_of_model(project, verb) is None
        ours, others, stopped = (begin_run(project.runs, verb, {"n": n}) for n in range(3))
        assert run_of_model(project, verb) == stopped
        folder.mkdir(parents=True)
        (folder / "model.json").write_text('{"weights_sha256": "a"}')
        others.finish({name: "b"})
        assert run_of_model(project, verb) is None
        ours.finish({name: "a"})
        assert run_of_model(project, verb) == ours


def test_a_cut_line_of_a_log_is_left_out(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"st')
    assert read_log(Run(tmp_path, "distil", {})) == [{"step": 1}]
    assert read_log(Run(tmp_path / "none", "distil", {})) == []


def test_evaluate_says_what_is_missing(project, tmp_path):
    make_network(project)
    with pytest.raises(BadOption, match=r"a network is given without photos.*Give --photos"):
        evaluate_against(project.folder, tmp_path, EvaluationChoices())
    with pytest.raises(BadOption, match=r"label maps are given without their parts.*Give --parts"):
        evaluate_against(tmp_path, tmp_path, EvaluationChoices())


def test_evaluate_with_a_mapping_and_a_broken_photo(project, tmp_path, capsys):
    make_network(project)
    photos, truths = tmp_path / "photos", tmp_path / "truth"
    photos.mkdir()
    for name in ("a", "b"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(photos / f"{name}.png")
        write_label_map(truths / f"{name}.png", np.ones((8, 8), np.uint8), TWO_PARTS)
    (photos / "b.png").write_bytes(b"no photo")
    (tmp_path / "mapping.json").write_text('{"1": "thing"}')
    arguments = ["evaluate", str(project.folder), str(truths), "--photos", str(photos)]
    code = run([*arguments, "--mapping", str(tmp_path / "mapping.json"), "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert code == 4
    assert "1 photos could not be read" in captured.err
    assert "No id of the truth means background" in captured.out
    assert "pooled" in captured.out
    assert json.loads((tmp_path / "out/evaluation.json").read_text())["n_photos"] == 1


def test_segment_lists_what_fails(project, tmp_path, capsys):
    make_network(project)
    good, bad = tmp_path / "good.png", tmp_path / "bad.jpg"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(good)
    bad.write_bytes(b"\xff\xd8\xff no photo")
    arguments = [
        "segment",
        str(project.auto_shot),
        str(good),
        str(bad),
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    assert run(arguments) == 4
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["segmented"] == ["good.png"]
    assert [one["photo"] for one in told["failed"]] == ["bad.jpg"]
    assert "1 of 2 photos could not be segmented" in captured.err
    bad.unlink()
    assert run(["segment", str(project.folder), str(good), "--out", str(tmp_path / "out")]) == 0
    assert "Segmented 0 photos, 1 were done already" in capsys.readouterr().out


def test_segment_into_tars_and_by_shares(project, tmp_path, capsys):
    make_network(project)
    with tarfile.open(tmp_path / "photos-0.tar", "w") as archive:
        for name in ("a.png", "b.png"):
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name)
            archive.add(tmp_path / name, name)
    out = tmp_path / "out"
    words = ["segment", str(project.folder), "--out", str(out)]
    assert run([*words, str(tmp_path / "photos-0.tar"), "--workers", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["segmented"] == ["photos-0/a.png", "photos-0/b.png"]
    assert told["areas"] is None
    with tarfile.open(out / "photos-0.tar") as archive:
        assert archive.getnames() == ["a.png", "a.json", "b.png", "b.json"]

    words = ["segment", str(project.folder), str(tmp_path / "a.png"), "--out", str(tmp_path / "folder")]
    assert run([*words, "--share", "1/2"]) == 0
    assert not (tmp_path / "folder" / "areas.json").exists()
    assert run([*words, "--workers", "1"]) == 0
    assert "Segmented 0 photos, 1 were done already" in capsys.readouterr().out
    assert (tmp_path / "folder" / "areas.json").exists()
    assert run([*words, "--share", "x"]) == 2
    assert "the share 'x'; expected K/N" in capsys.readouterr().err


def test_a_cluster_has_as_many_workers_as_it_has_processors():
    assert usual_workers(None) == usual_workers(SpreadOptions(share="1/2")) == default_workers()
    assert usual_workers(SpreadOptions(ray="auto")) is None
