"""``partly pictures PROJECT --like PHOTO``: the picture, its latent, what is not searched for twice."""

import json

import numpy as np
import pytest

from partly.cli.command_line import run
from partly.data.photos import write_png
from partly.errors import BadProject
from partly.inference.invert import InvertOptions
from partly.models.generators import pixels_of, sample_w
from partly.project import pictures_like_photos
from partly.project.pictures_like_photos import pictures_like
from partly.project.proposed_pictures import SHEET_NAME, find_picture, picture_ids, picture_pixels


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A few steps, however many are usual."""
    monkeypatch.setattr(InvertOptions, "steps", lambda _self, from_encoder: 5)


@pytest.fixture
def photo(tmp_path, generator):
    pixels = pixels_of(generator.synthesise(sample_w(generator, 3, 0)))
    write_png(tmp_path / "photos" / "cat.png", pixels[:, 4:60])
    return tmp_path / "photos" / "cat.png"


def test_the_picture_is_of_a_latent_in_w_and_can_be_painted_on(project, photo, generator):
    notes, progress = [], []
    [picture] = pictures_like(
        project, [photo], on_note=notes.append, on_progress=lambda *words: progress.append(words)
    )
    assert picture.id == "like-cat"
    assert np.array_equal(picture.w, picture.w[:1].repeat(len(picture.w), 0))
    assert np.array_equal(picture.pixels, picture_pixels(generator, picture.w))
    kept = find_picture(project, "like-cat")
    assert kept.w.tobytes() == picture.w.tobytes()
    annotation = kept.annotation(np.zeros(kept.shape, np.uint8))
    assert annotation.generator_digest == generator.digest
    assert (project.pictures / SHEET_NAME).is_file()
    assert "1 photo to find in the generator, 5 steps each." in notes
    assert progress[-1] == ("searching", 5, 5)


def test_it_is_nearer_than_the_mean_picture(project, generator, tmp_path, monkeypatch):
    monkeypatch.setattr(InvertOptions, "steps", lambda _self, from_encoder: 100)
    w = generator.w_mean + 3 * (sample_w(generator, 3, 0) - generator.w_mean)
    own = pixels_of(generator.synthesise(w))
    write_png(tmp_path / "own.png", own)
    [picture] = pictures_like(project, [tmp_path / "own.png"])
    mean = picture_pixels(generator, generator.w_mean.expand(generator.n_layers, -1).numpy().copy())
    near, far = (np.square(one.astype(float) - own).mean() for one in (picture.pixels, mean))
    assert near < 0.95 * far


def test_a_photo_is_searched_for_once(project, photo, monkeypatch):
    first = pictures_like(project, [photo])
    monkeypatch.setattr(pictures_like_photos, "invert_photos", None)
    [again] = pictures_like(project, [photo])
    assert again.w.tobytes() == first[0].w.tobytes()


def test_another_photo_of_that_name_is_another_picture(project, photo, generator, tmp_path):
    other = tmp_path / "other" / "cat.png"
    write_png(other, pixels_of(generator.synthesise(sample_w(generator, 3, 1))))
    found = pictures_like(project, [photo]) + pictures_like(project, [other])
    assert len({picture.id for picture in found}) == 2
    assert found[1].id.startswith("like-cat-")
    assert sorted(picture.id for picture in found) == picture_ids(project)


def test_a_project_of_photos(photo_project, photo):
    with pytest.raises(BadProject, match="names no generator"):
        pictures_like(photo_project, [photo])


def test_from_the_command_line(project, photo, capsys):
    assert run(["pictures", str(project.folder), "--like", str(photo), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["pictures"][0]["id"] == "like-cat"
    assert "Nearest to the photos: like-cat" in said.err
    assert run(["pictures", str(project.folder), "--like", str(photo), "--n", "3"]) != 0
    assert "give it alone" in capsys.readouterr().err
