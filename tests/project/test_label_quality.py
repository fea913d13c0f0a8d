"""How good the labels of a project are: measured with the fit, told by info; what to label next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.data.labels.annotation import save_annotation
from partly.errors import BadLabel, BadOption
from partly.fewshot.fitting.label_quality import LabelQuality
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from partly.project.fit_verb import fit_project
from partly.project.label_quality_of_project import kept_quality, label_next
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import Project, open_project
from partly.project.proposed_photos import propose
from partly.storage.runs import list_runs
from tests.conftest import label_photo
from tests.fakes import thing_annotation


@pytest.fixture
def fitted(labelled_project: Project, generator: MobileStyleGAN) -> Project:
    save_annotation(labelled_project.annotations, thing_annotation(generator, 1), labelled_project.part_set)
    fit_project(labelled_project)
    return labelled_project


def edited_card(project: Project, **changes: object) -> None:
    path = project.few_shot / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_fit_measures_and_writes_it_down(fitted: Project) -> None:
    quality = kept_quality(fitted)
    assert quality is not None
    assert [(part.part, part.measure, part.n_pictures) for part in quality.parts] == [
        ("background", "left out", 2),
        ("thing", "left out", 2),
    ]
    again = fit_project(fitted)
    assert again.was_there
    assert again.quality == quality
    [of_run] = list_runs(fitted.runs)
    assert of_run.result is not None
    assert LabelQuality.from_json(of_run.result["quality"]) == quality


def test_fit_and_info_tell_it(fitted: Project, capsys: pytest.CaptureFixture[str]) -> None:
    quality = kept_quality(fitted)
    assert quality is not None
    assert quality.worst is not None
    command = f"partly pictures {fitted.folder} --unsure-of {quality.worst.part}"
    assert run(["fit", str(fitted.folder)]) == 0
    said = capsys.readouterr().out
    for line in quality.lines:
        assert f"\n  {line}\n" in said
    assert f"\nWorst: {quality.worst.part}. To label next: {command}\n" in said
    assert run(["info", str(fitted.folder)]) == 0
    told = capsys.readouterr().out
    for line in quality.lines:
        assert f"\n  {line}\n" in told
    assert f"\nworst part: {quality.worst.part}\nlabel next: {command}\n" in told
    assert told.count("left out of the fit") == 2, "the card of the model does not tell it once more"
    assert run(["info", str(fitted.folder), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert LabelQuality.from_json(values["label_quality"]) == quality


def test_of_fits_of_earlier_versions_nothing_is_told(
    fitted: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for damaged in (None, "none", {"parts": [{"name": "thing"}]}):
        edited_card(fitted, quality=damaged)
        assert kept_quality(fitted) is None
        result = fit_project(fitted)
        assert result.was_there
        assert result.quality is None
        assert run(["info", str(fitted.folder)]) == 0
        assert "label quality" not in capsys.readouterr().out
    assert label_next(fitted.folder, None) is None


def test_pictures_by_doubt_about_a_part(fitted: Project, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["pictures", str(fitted.folder), "--unsure-of", "thing", "--n", "1", "--candidates", "5"]
    assert run([*command, "--json"]) == 0
    [picture] = json.loads(capsys.readouterr().out)["pictures"]
    record = json.loads((fitted.latents / f"{picture['id']}.json").read_text())
    assert record["purpose"] == "unsure proposals"
    assert 0 < record["score"] <= 1
    assert run(["pictures", str(fitted.folder), "--unsure-of", "tail"]) != 0
    assert "there is no part 'tail'; expected one of background, thing" in capsys.readouterr().err


def test_bad_requests_are_refused(fitted: Project) -> None:
    with pytest.raises(BadOption, match="both --unsure-of and --together; expected one of them"):
        PicturesRequest(unsure_of="thing", together=True)
    for path in fitted.annotations.glob("*.json"):
        path.unlink()
    with pytest.raises(BadLabel, match="no label shows thing, so that nothing is known of it"):
        propose(fitted, PicturesRequest(1, unsure_of="thing", n_candidates=2))


def test_photos_by_doubt_about_a_part(photo_project: Project) -> None:
    for seed in (0, 1):
        label_photo(photo_project, seed)
    fit_project(photo_project)
    quality = kept_quality(photo_project)
    assert quality is not None
    assert {part.measure for part in quality.parts} == {"left out"}
    [picture] = propose(photo_project, PicturesRequest(1, unsure_of="thing", n_candidates=4))
    assert picture.photo is not None
    assert Path(picture.photo).stem not in ("0", "1")


def test_one_labelled_photo_tells_how_two_halves_agree(photo_project: Project) -> None:
    label_photo(photo_project, 0)
    fit_project(photo_project)
    quality = kept_quality(open_project(photo_project.folder))
    assert quality is not None
    # Six photos, of which one is labelled.
    assert {part.says for part in quality.parts} == {
        "agreement of two halves of the features on 5 other pictures"
    }
