"""Several photos at once: the same results in the same order, whatever is finished first."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from partly.data.photos.photo_sources import find_photos
from partly.errors import PartlyError
from partly.inference.segment import segment_folder as folder_module
from partly.inference.segment.photos_at_once import in_order
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_photo_file import segment_photo
from tests.inference.segment.networks import ColourNetwork
from tests.inference.segment.test_folder import photos, tree  # noqa: F401 - a fixture


def never(item):
    raise AssertionError(f"{item} is done alone")


def test_results_keep_the_order_of_the_items():
    def work(i):
        time.sleep(0.02 if i % 3 == 0 else 0)
        return i * i

    assert list(in_order(work, range(20), 4, never)) == [i * i for i in range(20)]


def test_several_are_done_at_once_each_by_one_core():
    both = threading.Barrier(2, timeout=10)
    before = torch.get_num_threads()

    def work(i):
        both.wait()
        return torch.get_num_threads()

    assert list(in_order(work, range(4), 2, never)) == [1] * 4
    assert torch.get_num_threads() == before


def test_only_a_few_items_are_taken_ahead():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    results = in_order(lambda i: i, items(), 2, never)
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()


def test_after_an_error_nothing_else_is_begun():
    begun = []

    def work(i):
        begun.append(i)
        if i == 3:
            raise PartlyError("full")
        return i

    with pytest.raises(PartlyError, match="full"):
        list(in_order(work, range(1000), 2, never))
    assert len(begun) < 20


def test_what_runs_out_of_memory_beside_others_is_done_again_alone():
    at_work, most = [], []

    def work(i):
        at_work.append(i)
        time.sleep(0.005)
        n = len(at_work)
        at_work.remove(i)
        if i == 5:
            raise MemoryError
        return n

    def alone(i):
        most.append((i, list(at_work)))
        return -i

    results = list(in_order(work, range(9), 3, alone))
    assert results[5] == -5
    assert most == [(5, [])]


def test_one_at_a_time_works_here():
    here = threading.get_ident()
    found = list(in_order(never, range(3), 1, lambda i: (threading.get_ident(), torch.get_num_threads())))
    assert found == [(here, 1)] * 3


@pytest.mark.parametrize("at_once", [2, 5])
def test_as_many_as_there_are_at_once_the_files_are_the_same(photos, tmp_path, at_once):  # noqa: F811
    told = []
    options = {"masks": True, "probabilities": "png", "refine": True}
    one = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "one", at_once=1, **options)
    many = segment_all(
        ColourNetwork(),
        find_photos(photos),
        tmp_path / "many",
        at_once=at_once,
        progress=told.append,
        **options,
    )
    assert tree(tmp_path / "one") == tree(tmp_path / "many")
    assert (many.segmented, many.failed) == (one.segmented, one.failed)
    assert [(each.name, each.n_done) for each in told] == [
        ("a.png", 1),
        ("a.webp", 2),
        ("broken.jpg", 3),
        ("sub/c.png", 4),
    ]


def test_a_photo_that_fits_alone_is_segmented(photos, tmp_path, monkeypatch):  # noqa: F811
    """Two at once are too much for the memory that is played; one after the other they fit."""
    inside, lock = [], threading.Lock()
    tried = []

    def short_of_memory(network, photo, **options):
        with lock:
            inside.append(photo.name)
            is_alone = len(inside) == 1
            tried.append(photo.name)
        try:
            time.sleep(0.05)
            if not is_alone:
                raise MemoryError
            return segment_photo(network, photo, **options)
        finally:
            with lock:
                inside.remove(photo.name)

    monkeypatch.setattr(folder_module, "segment_photo", short_of_memory)
    summary = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "out", at_once=3)
    assert summary.segmented == ("a.png", "a.webp", "sub/c.png")
    assert len(tried) > 3


def test_one_large_photo_is_in_memory_at_a_time(photos, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(folder_module, "_USUAL_PIXELS", 100)
    inside, most, lock = [], [], threading.Lock()

    def segment(network, photo, **options):
        large = photo.width_px * photo.height_px > 100
        with lock:
            inside.extend([photo.name] * large)
            most.append(len(inside))
        time.sleep(0.02)
        found = segment_photo(network, photo, **options)
        with lock:
            del inside[: int(large)]
        return found

    monkeypatch.setattr(folder_module, "segment_photo", segment)
    summary = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "out", at_once=4)
    assert summary.segmented == ("a.png", "a.webp", "sub/c.png")
    assert [name for name, _ in summary.failed] == ["broken.jpg"]
    assert max(most) == 1
