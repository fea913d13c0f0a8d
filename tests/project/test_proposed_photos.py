"""Photos proposed for labelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.data.photos.photo import read_photo
from partly.errors import BadModelFile, BadOption, BadProject
from partly.models.generators.truncation import Truncation
from partly.project.fit_verb import fit_project
from partly.project.photos_of_project import project_photos
from partly.project.picture_options import PicturesRequest
from partly.project.project_features import project_photo_features
from partly.project.project_folder import Project, open_project
from partly.project.proposed_photos import propose
from partly.project.proposed_pictures import find_picture, picture_ids
from tests.conftest import PHOTO_SHAPES, label_photo


def test_photos_are_proposed_and_written_as_they_are(
    photo_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pictures", str(photo_project.folder), "--n", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    ids = [one["id"] for one in said["pictures"]]
    assert len(set(ids)) == 3
    for one in said["pictures"]:
        picture = find_picture(photo_project, one["id"])
        assert picture.shape == PHOTO_SHAPES[int(one["id"])]
        assert (picture.photo, one["size_px"]) == (f"{one['id']}.png", max(picture.shape))
        record = json.loads((photo_project.latents / f"{one['id']}.json").read_text())
        assert record["purpose"] == "proposals"
        assert 0 < record["score"] <= 1
    assert read_photo(said["contact_sheet"]).width_px > 200
    # The same call gives the same photos, and keeps no second copy.
    assert [p.id for p in propose(photo_project, PicturesRequest(3))] == ids
    assert picture_ids(photo_project) == sorted(ids)


def test_labelled_photos_are_left_out(photo_project: Project) -> None:
    for seed in range(4):
        label_photo(photo_project, seed)
    # More are asked for than there are: all that are left.
    assert sorted(p.id for p in propose(photo_project, PicturesRequest(5))) == ["4", "5"]
    label_photo(photo_project, 4)
    label_photo(photo_project, 5)
    with pytest.raises(BadProject, match="has no photo to propose: all of its 6 are labelled, or cannot be"):
        propose(photo_project, PicturesRequest(1))


def test_what_the_segmenter_is_unsure_of(photo_project: Project) -> None:
    label_photo(photo_project, 0)
    with pytest.raises(BadModelFile, match=r"cannot tell what it is unsure of .*Fit the labelled photos"):
        propose(photo_project, PicturesRequest(1, unsure=True))
    fit_project(photo_project)
    pictures = propose(photo_project, PicturesRequest(2, unsure=True, n_candidates=4))
    assert len({picture.id for picture in pictures} - {"0"}) == 2
    other = open_project(photo_project.folder).folder / "project.toml"
    other.write_text(other.read_text().replace("features_px = 112", "features_px = 56"))
    with pytest.raises(BadModelFile, match="a teacher that was fitted on features of"):
        propose(open_project(photo_project.folder), PicturesRequest(1, unsure=True))


def test_no_more_than_the_candidates_are_read(photo_project: Project) -> None:
    said: list[tuple[str, int, int]] = []
    propose(photo_project, PicturesRequest(1, n_candidates=2), lambda *told: said.append(told))
    assert [told for told in said if told[0] == "reading photos"] == [
        ("reading photos", 1, 2),
        ("reading photos", 2, 2),
    ]
    source = project_photo_features(photo_project)
    assert sum(source.is_kept(source.picture(photo.name)) for photo in project_photos(photo_project)) == 2


def test_photos_that_cannot_be_read_are_passed_over(photo_project: Project, photo_folder: Path) -> None:
    for seed in range(1, 5):
        (photo_folder / f"{seed}.png").write_bytes(b"no photo")
    assert sorted(p.id for p in propose(photo_project, PicturesRequest(4))) == ["0", "5"]
    label_photo(photo_project, 0)
    # The fit passes them over, too, and previews the one photo that is left.
    result = fit_project(photo_project)
    assert len(list(result.previews.with_suffix("").glob("*.jpg"))) == 1


def test_one_photo_only(photo_project: Project, photo_folder: Path) -> None:
    for seed in range(1, 6):
        (photo_folder / f"{seed}.png").unlink()
    (picture,) = propose(photo_project, PicturesRequest())
    assert picture.id == "0"
    label_photo(photo_project, 0)
    result = fit_project(photo_project)
    assert read_photo(result.previews.with_suffix("") / "preview-1.jpg").pixels.std() > 10


def test_photos_have_no_truncation_and_their_own_size(photo_project: Project) -> None:
    with pytest.raises(BadOption, match="a truncation of photos; expected none"):
        propose(photo_project, PicturesRequest(1, truncation=Truncation(0.5, 1.0)))
    with pytest.raises(BadOption, match="a size of photos; expected none: photos are painted on at"):
        propose(photo_project, PicturesRequest(1, size_px=512))
