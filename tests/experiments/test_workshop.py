from dataclasses import replace

import numpy as np
import pytest
import torch
from experiments.arrays import load_arrays, save_arrays
from experiments.person import load_person
from experiments.photos import photos
from experiments.protocol import PARTS_OF_IDS, WITH_EYEGLASSES, Protocol
from experiments.workshop import Workshop, _usual_generator

from partly.errors import BadArchive, BadLabel, NotAvailable
from tests.experiments.conftest import FakePerson
from tests.fakes import tiny_generator


def anew(workshop):
    """A workshop of another sitting, in which nobody may look at pictures again."""

    class Nobody:
        def parse_ids(self, *_args, **_options):
            raise AssertionError("the person is asked again")

    return replace(workshop, get_person=Nobody, _fresh=[])


def test_fresh_pictures_are_kept(workshop):
    told = []
    workshop.tell = lambda *what: told.append(what)
    first = workshop.fresh()
    assert workshop.fresh() is first
    assert told[-1] == ("labelling fresh pictures", 3, 3)
    again = anew(workshop).fresh()
    for one, other in zip(first, again, strict=True):
        assert one.name == other.name
        assert torch.equal(one.w, other.w)
        assert (one.ids == other.ids).all()
        assert (one.pixels == other.pixels).all()
        assert one.pixels.shape == (64, 64, 3)
    assert set(np.unique(first[0].truth)) == set(range(10))


def test_fresh_pictures_of_another_protocol_are_others(workshop):
    workshop.fresh()
    other = replace(workshop, protocol=replace(workshop.protocol, n_fresh=2), _fresh=[])
    assert len(other.fresh()) == 2
    assert other.cache != workshop.cache


def test_one_label_has_as_many_draws_as_pictures(workshop):
    [first], [second] = workshop.labels(1, 0), workshop.labels(1, 1)
    assert first.id.startswith("00-picture-")
    assert second.id.startswith("01-picture-")
    assert not np.array_equal(first.w, second.w)
    with pytest.raises(ValueError, match="draw 2 of one label; there are 2"):
        workshop.labels(1, 2)


def test_more_labels_are_proposed_together_by_seed(workshop):
    first, again, other = workshop.labels(3, 0), anew(workshop).labels(3, 0), workshop.labels(3, 1)
    assert [label.id for label in first] == [label.id for label in again]
    assert len(first) == len(other) == 3
    assert not np.array_equal(first[0].w, other[0].w)


def test_ids_of_labels_are_kept_and_mean_the_same(workshop):
    from experiments.bisenet import face_parts_of

    ids = workshop.label_ids(3, 0)
    for label, seen in zip(workshop.labels(3, 0), ids, strict=True):
        assert (face_parts_of(seen) == label.label_map).all()
    assert (anew(workshop).label_ids(3, 0)[0] == ids[0]).all()


def test_too_few_pictures_with_every_part(workshop):
    class Blind(FakePerson):
        def parse_ids(self, images, size_px, *, seen_px=64):
            return np.zeros((len(images), size_px, size_px), np.uint8)

    with pytest.raises(BadLabel) as error:
        replace(workshop, get_person=Blind).labels(1, 0)
    assert str(error.value) == "0 of 12 proposed pictures show every part; expected 2 or more."


def test_teachers_are_fitted_once(workshop, monkeypatch):
    folder = workshop.teacher_folder(1, 0)
    monkeypatch.setattr(Workshop, "fit", lambda *_: pytest.fail("fitted again"))
    assert workshop.teacher_folder(1, 0) == folder
    assert workshop.teacher(1, 0).segmenter.n_parts == 10


def test_photos_of_two_halves(workshop):
    assert [photo.name for photo in workshop.photos()] == ["images/a.jpg", "images/b.jpg"]
    assert [photo.name for photo in workshop.photos(1)] == ["images/a.jpg"]
    names = [photo.name for photo in replace(workshop, half="figure").photos()]
    assert names == ["images/c.jpg", "images/d.jpg"]
    [photo] = workshop.photos(1)
    assert photo.pixels.shape == (32, 32, 3)
    assert photo.ids.max() == 18


def test_missing_and_broken_photos_say_what_to_do(workshop, data):
    with pytest.raises(NotAvailable) as error:
        replace(workshop, data=None).check_photos()
    assert str(error.value) == (
        "this needs photos with truth, and no folder was named; expected a folder with "
        "faces_labelled_512.zip: images/NAME.jpg and labels/NAME.png of CelebAMask-HQ. "
        "Name it with --data FOLDER."
    )
    (data / "faces_labelled_512.zip").write_bytes(b"no zip")
    with pytest.raises(BadArchive, match=r"expected images/NAME\.jpg, each with labels/NAME\.png"):
        list(photos(data, "choices"))


def test_every_id_of_the_photos_means_something():
    assert sorted(PARTS_OF_IDS) == list(range(19))
    assert [i for i, name in PARTS_OF_IDS.items() if name is None] == [3]
    assert WITH_EYEGLASSES[3] == "skin"
    assert Protocol().digest != Protocol(n_fresh=41).digest


def test_arrays_survive_and_damage_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    assert load_arrays(path, ("x",)) is None
    save_arrays(path, {"x": np.arange(4, dtype=np.uint8)})
    assert load_arrays(path, ("x",))["x"].tolist() == [0, 1, 2, 3]
    assert load_arrays(path, ("x", "y")) is None
    path.write_bytes(path.read_bytes()[:50])
    assert load_arrays(path, ("x",)) is None


def test_without_generator_or_parser_it_says_so(tmp_path):
    with pytest.raises(NotAvailable, match="Run: partly get ffhq"):
        _usual_generator()
    (tmp_path / "parser.tar.gz").write_bytes(b"another file")
    with pytest.raises(Exception, match=r"parser\.tar\.gz"):
        load_person(tmp_path / "parser.tar.gz")
    assert tiny_generator().digest == tiny_generator().digest


def test_labels_grow_by_what_the_segmenter_is_least_sure_of(workshop):
    grown = workshop.labels(4, 0, n_first=2)
    together = workshop.labels(2, 0)
    assert len(grown) == 4
    for one, other in zip(grown, together, strict=False):
        assert np.array_equal(one.w, other.w)
    assert all("unsure" in one.id for one in grown[2:])
    assert len({one.w.tobytes() for one in grown}) == 4
    assert [one.id for one in anew(workshop).labels(4, 0, n_first=2)] == [one.id for one in grown]
    assert workshop.teacher_name(4, 0, 2) != workshop.teacher_name(4, 0)


@pytest.mark.slow
def test_growing_goes_on_after_a_stop(workshop):
    grown = workshop.labels(4, 0, n_first=2)
    folder = workshop.cache / "labels-grown-2-to-4-0"
    for path in folder.glob(f"{grown[-1].id}.*"):
        path.unlink()
    again = workshop.labels(4, 0, n_first=2)
    assert [(one.id, one.w.tobytes()) for one in again] == [(one.id, one.w.tobytes()) for one in grown]
