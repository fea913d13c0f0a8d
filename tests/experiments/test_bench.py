from dataclasses import replace

import numpy as np
import pytest
import torch
from experiments.annotator import load_annotator
from experiments.arrays import load_arrays, save_arrays
from experiments.bench import Bench, _usual_generator
from experiments.photos import photos
from experiments.protocol import PARTS_OF_IDS, WITH_EYEGLASSES, Protocol

from partly.errors import BadArchive, BadLabel, NotAvailable
from tests.experiments.conftest import FakeAnnotator
from tests.fakes import tiny_generator


def anew(bench):
    """A bench of another sitting, in which nobody may look at pictures again."""

    class Nobody:
        def parse_ids(self, *_args, **_options):
            raise AssertionError("the annotator is asked again")

    return replace(bench, get_annotator=Nobody, _unseen=[])


def test_unseen_pictures_are_kept(bench):
    told = []
    bench.tell = lambda *what: told.append(what)
    first = bench.unseen()
    assert bench.unseen() is first
    assert told[-1] == ("labelling unseen pictures", 3, 3)
    again = anew(bench).unseen()
    for one, other in zip(first, again, strict=True):
        assert one.name == other.name
        assert torch.equal(one.w, other.w)
        assert (one.ids == other.ids).all()
        assert (one.pixels == other.pixels).all()
        assert one.pixels.shape == (64, 64, 3)
    assert set(np.unique(first[0].truth)) == set(range(10))


def test_unseen_pictures_of_another_protocol_are_others(bench):
    bench.unseen()
    other = replace(bench, protocol=replace(bench.protocol, n_unseen=2), _unseen=[])
    assert len(other.unseen()) == 2
    assert other.cache != bench.cache


def test_one_label_has_as_many_draws_as_pictures(bench):
    [first], [second] = bench.labels(1, 0), bench.labels(1, 1)
    assert first.id.startswith("00-picture-")
    assert second.id.startswith("01-picture-")
    assert not np.array_equal(first.w, second.w)
    with pytest.raises(ValueError, match="draw 2 of one label; there are 2"):
        bench.labels(1, 2)


def test_more_labels_are_proposed_together_by_seed(bench):
    first, again, other = bench.labels(3, 0), anew(bench).labels(3, 0), bench.labels(3, 1)
    assert [label.id for label in first] == [label.id for label in again]
    assert len(first) == len(other) == 3
    assert not np.array_equal(first[0].w, other[0].w)


def test_ids_of_labels_are_kept_and_mean_the_same(bench):
    from experiments.bisenet import face_parts_of

    ids = bench.label_ids(3, 0)
    for label, seen in zip(bench.labels(3, 0), ids, strict=True):
        assert (face_parts_of(seen) == label.label_map).all()
    assert (anew(bench).label_ids(3, 0)[0] == ids[0]).all()


def test_too_few_pictures_with_every_part(bench):
    class Blind(FakeAnnotator):
        def parse_ids(self, images, size_px, *, seen_px=64):
            return np.zeros((len(images), size_px, size_px), np.uint8)

    with pytest.raises(BadLabel) as error:
        replace(bench, get_annotator=Blind).labels(1, 0)
    assert str(error.value) == "0 of 12 proposed pictures show every part; expected 2 or more."


def test_teachers_are_fitted_once(bench, monkeypatch):
    folder = bench.teacher_folder(1, 0)
    monkeypatch.setattr(Bench, "fit", lambda *_: pytest.fail("fitted again"))
    assert bench.teacher_folder(1, 0) == folder
    assert bench.teacher(1, 0).segmenter.n_parts == 10


def test_photos_of_two_halves(bench):
    assert [photo.name for photo in bench.photos()] == ["images/a.jpg", "images/b.jpg"]
    assert [photo.name for photo in bench.photos(1)] == ["images/a.jpg"]
    names = [photo.name for photo in replace(bench, half="figure").photos()]
    assert names == ["images/c.jpg", "images/d.jpg"]
    [photo] = bench.photos(1)
    assert photo.pixels.shape == (32, 32, 3)
    assert photo.ids.max() == 18


def test_missing_and_broken_photos_say_what_to_do(bench, data):
    with pytest.raises(NotAvailable) as error:
        replace(bench, data=None).check_photos()
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
    assert Protocol().digest != Protocol(n_unseen=41).digest


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
        load_annotator(tmp_path / "parser.tar.gz")
    assert tiny_generator().digest == tiny_generator().digest


def test_labels_grow_by_what_the_segmenter_is_least_sure_of(bench):
    grown = bench.labels(4, 0, n_first=2)
    together = bench.labels(2, 0)
    assert len(grown) == 4
    for one, other in zip(grown, together, strict=False):
        assert np.array_equal(one.w, other.w)
    assert all("unsure" in one.id for one in grown[2:])
    assert len({one.w.tobytes() for one in grown}) == 4
    assert [one.id for one in anew(bench).labels(4, 0, n_first=2)] == [one.id for one in grown]
    assert bench.teacher_name(4, 0, 2) != bench.teacher_name(4, 0)


@pytest.mark.slow
def test_growing_goes_on_after_a_stop(bench):
    grown = bench.labels(4, 0, n_first=2)
    folder = bench.cache / "labels-grown-2-to-4-0"
    for path in folder.glob(f"{grown[-1].id}.*"):
        path.unlink()
    again = bench.labels(4, 0, n_first=2)
    assert [(one.id, one.w.tobytes()) for one in again] == [(one.id, one.w.tobytes()) for one in grown]
