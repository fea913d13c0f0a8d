from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from partly.data.labels.label_maps import write_label_map
from partly.data.labels.part_sets import PartSet
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel, BadPhoto
from partly.evaluation.segmentation.label_folders import evaluate_folders, evaluate_network
from partly.evaluation.segmentation.truth_files import TruthMapping

PARTS = PartSet.from_names(["background", "leaf", "stem"])
RIGHT = np.array([[0, 1], [2, 1]], np.uint8)
WRONG = np.array([[0, 1], [2, 2]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two truths in ``truth``, two predictions in ``predicted``, two photos in ``photos``."""
    for name in ("truth/a.png", "truth/sub/b.png", "predicted/a.png"):
        write_label_map(tmp_path / name, RIGHT, PARTS)
    write_label_map(tmp_path / "predicted/sub/b.png", WRONG, PARTS)
    (tmp_path / "photos/sub").mkdir(parents=True)
    for n, name in enumerate(("a.jpg", "sub/b.jpg")):
        Image.new("RGB", (2, 2), (n * 100,) * 3).save(tmp_path / "photos" / name)
    return tmp_path


def test_folders_are_matched_by_name(folder):
    done = []
    found = evaluate_folders(
        folder / "predicted", folder / "truth", PARTS, progress=lambda *numbers: done.append(numbers)
    )
    assert [photo.name for photo in found.photos] == ["a.png", "sub/b.png"]
    assert [photo.pixel_accuracy for photo in found.photos] == [1.0, 0.75]
    assert found.notes == ()
    assert done == [(1, 2), (2, 2)]
    assert [example.read_photo for example in found.worst] == [None, None]


def test_photos_of_the_worst_can_be_shown(folder):
    found = evaluate_folders(folder / "predicted", folder / "truth", PARTS, photos=folder / "photos")
    worst = found.worst[0]
    assert worst.score.name == "sub/b.png"
    assert worst.read_photo().mean() == pytest.approx(100, abs=3)


def test_predictions_without_truth_are_passed_over_and_noted(folder):
    write_label_map(folder / "predicted/c.png", WRONG, PARTS)
    found = evaluate_folders(folder / "predicted", folder / "truth", PARTS)
    assert found.n_photos == 2
    assert found.notes == ("Passed over for want of truth: 1 prediction.",)


def test_truth_without_prediction_is_an_error_that_names_it(folder):
    (folder / "predicted/sub/b.png").unlink()
    with pytest.raises(BadLabel) as caught:
        evaluate_folders(folder / "predicted", folder / "truth", PARTS)
    assert str(caught.value) == (
        f"{folder / 'truth'}: 1 of 2 label maps have no prediction: sub/b.png; expected a prediction of "
        "the same name for every truth. Add each missing prediction, or take its truth away."
    )


def test_a_long_list_of_missing_ones_is_cut(folder):
    for n in range(14):
        write_label_map(folder / f"truth/{n:02}.png", RIGHT, PARTS)
    with pytest.raises(
        BadLabel, match=r"14 of 16 label maps have no prediction: 00\.png, .*07\.png and 6 more;"
    ):
        evaluate_folders(folder / "predicted", folder / "truth", PARTS)


def test_bare_names_match_where_folders_differ(folder):
    found = evaluate_network(
        lambda pixels: RIGHT, find_photos(folder / "photos"), folder / "truth/sub", PARTS
    )
    assert [photo.name for photo in found.photos] == ["sub/b.jpg"]
    assert found.notes == ("Passed over for want of truth: 1 photo.",)


def test_bare_names_must_be_unique(folder):
    for name in ("one/b.jpg", "two/b.jpg"):
        (folder / "many" / name).parent.mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(folder / "many" / name)
    photos = find_photos(folder / "many")
    with pytest.raises(
        BadLabel, match=r"several files of one name may belong together: one/b\.jpg; expected one"
    ):
        evaluate_network(lambda pixels: RIGHT, photos, folder / "truth/sub", PARTS)
    write_label_map(folder / "truths/x/b.png", RIGHT, PARTS)
    write_label_map(folder / "truths/y/b.png", RIGHT, PARTS)
    with pytest.raises(BadLabel, match=r"several files of one name may belong together: x/b\.png, y/b\.png"):
        evaluate_folders(folder / "predicted/sub", folder / "truths", PARTS)


def test_the_mapping_holds_for_the_truth_alone_and_is_noted(folder):
    mapping = TruthMapping({0: "background", 1: "leaf", 2: None}, PARTS)
    found = evaluate_folders(folder / "predicted", folder / "truth", PARTS, mapping=mapping)
    assert found.n_left_out == 2
    assert found.notes == mapping.notes()


@pytest.mark.parametrize("resize", [True, False])
def test_resizing_is_passed_on(folder, resize):
    write_label_map(folder / "truth/a.png", np.kron(RIGHT, np.ones((3, 3), np.uint8)), PARTS)
    if resize:
        found = evaluate_folders(folder / "predicted", folder / "truth", PARTS, resize=True)
        assert found.photos[0].mean_iou == 1
    else:
        with pytest.raises(BadLabel, match="expected 6 x 6 px"):
            evaluate_folders(folder / "predicted", folder / "truth", PARTS)


def test_folders_that_are_none(folder):
    with pytest.raises(BadLabel, match="none: no such folder; expected a folder of label maps"):
        evaluate_folders(folder / "none", folder / "truth", PARTS)
    with pytest.raises(BadLabel, match=r"a\.png: is no folder"):
        evaluate_folders(folder / "predicted", folder / "truth/a.png", PARTS)
    with pytest.raises(BadLabel, match="photos: holds no label maps; expected PNG files"):
        evaluate_folders(folder / "predicted", folder / "photos", PARTS)


def test_hidden_files_are_no_label_maps(folder):
    (folder / "truth/.hidden").mkdir()
    (folder / "truth/.hidden/x.png").write_bytes(b"")
    assert evaluate_folders(folder / "predicted", folder / "truth", PARTS).n_photos == 2


def test_a_network_is_evaluated_on_photos_with_truth(folder):
    seen = []

    def predict(pixels):
        seen.append(pixels.shape)
        return WRONG

    done = []
    found = evaluate_network(
        predict,
        find_photos(folder / "photos"),
        folder / "truth",
        PARTS,
        progress=lambda *numbers: done.append(numbers),
    )
    assert seen == [(2, 2, 3), (2, 2, 3)]
    assert [photo.name for photo in found.photos] == ["a.jpg", "sub/b.jpg"]
    assert found.pixel_accuracy == 0.75
    assert done == [(1, 2), (2, 2)]
    assert found.worst[0].read_photo().shape == (2, 2, 3)


def test_unreadable_photos_are_listed_and_skipped(folder):
    (folder / "photos/a.jpg").write_bytes(b"\xff\xd8\xff truncated")
    found = evaluate_network(lambda pixels: RIGHT, find_photos(folder / "photos"), folder / "truth", PARTS)
    assert found.n_photos == 1
    assert [photo.name for photo in found.skipped] == ["a.jpg"]
    assert "a.jpg" in found.skipped[0].reason


def test_when_no_photo_can_be_read_the_error_says_so(folder):
    for name in ("a.jpg", "sub/b.jpg"):
        (folder / "photos" / name).write_bytes(b"")
    with pytest.raises(BadPhoto, match=r"none of 2 photos can be read; the first: .*a\.jpg"):
        evaluate_network(lambda pixels: RIGHT, find_photos(folder / "photos"), folder / "truth", PARTS)
