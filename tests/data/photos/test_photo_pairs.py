import numpy as np
import pytest

from partly.data.photos.encoding import write_png
from partly.data.photos.photo_pairs import find_pairs, make_pair_set, read_pairs
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel, BadOption, BadPhoto


def flat(value: int) -> np.ndarray:
    return np.full((6, 6, 3), value, np.uint8)


@pytest.fixture
def folders(tmp_path):
    for value, name in enumerate(("a", "b", "in/c")):
        write_png(tmp_path / "drawings" / f"{name}.png", flat(value))
        write_png(tmp_path / "photos" / f"{name}.png", flat(100 + value))
    return tmp_path / "drawings", tmp_path / "photos"


def test_photos_of_the_same_name_belong_together(folders, tmp_path):
    (folders[1] / "b.png").rename(folders[1] / "b.webp")
    pairs = find_pairs(*folders)
    assert [(p.name, p.first.name, p.second.name) for p in pairs][1:] == [
        ("b", "b.png", "b.webp"),
        ("in/c", "in/c.png", "in/c.png"),
    ]
    told = []
    found = make_pair_set(pairs, tmp_path / "set", 4, on_photo=lambda *n: told.append(n))
    assert (len(found), found.names, found.failed) == (3, ("a", "b", "in/c"), ())
    first, second = found.read([2, 0])
    assert first[:, 0, 0, 0].tolist() == [2, 0]
    assert second[:, 0, 0, 0].tolist() == [102, 100]
    assert second.shape == (2, 4, 4, 3)
    assert told == [(n, 6) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.csv", "drawings/a.png,photos/in/c.png\n\ndrawings/b.png, photos/a.png\n"),
        ("p.json", '[["drawings/a.png", "photos/in/c.png"], ["drawings/b.png", "photos/a.png"]]'),
    ],
)
def test_a_file_lists_pairs(folders, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    found = make_pair_set(read_pairs(tmp_path / name), tmp_path / "set", 6)
    first, second = found.read([0, 1])
    assert first[:, 0, 0, 0].tolist() == [0, 1]
    assert second[:, 0, 0, 0].tolist() == [102, 100]


def test_a_pair_of_which_one_cannot_be_read_is_left_out(folders, tmp_path):
    whole = make_pair_set(find_pairs(*folders), tmp_path / "whole", 6)
    (folders[1] / "a.png").write_bytes(b"no picture")
    found = make_pair_set(find_pairs(*folders), tmp_path / "set", 6)
    assert found.names == ("b", "in/c")
    assert [name for name, _ in found.failed] == ["a.png"]
    first, second = found.read(range(2))
    assert (second[:, 0, 0, 0] - first[:, 0, 0, 0]).tolist() == [100, 100]
    assert found.digest != whole.digest
    for name in ("b", "in/c"):
        (folders[0] / f"{name}.png").write_bytes(b"no picture")
    with pytest.raises(BadOption, match="of no pair can both photos be read; expected pairs of photos"):
        make_pair_set(find_pairs(*folders), tmp_path / "none", 6)


def test_a_photo_without_another_of_its_name(folders):
    (folders[1] / "a.png").unlink()
    with pytest.raises(BadLabel, match=r"1 of 3 photos have no other of the same name in .*photos: a\.png"):
        find_pairs(*folders)
    with pytest.raises(BadLabel, match=r"1 of 3 photos have no other of the same name in .*photos: a\.png"):
        find_pairs(*folders[::-1])


def test_two_photos_that_differ_by_their_suffix_alone(folders):
    (folders[0] / "a.jpg").write_bytes((folders[0] / "a.png").read_bytes())
    with pytest.raises(BadLabel, match=r"has both a\.jpg and a\.png; expected photos that differ by more"):
        find_pairs(*folders)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("p.csv", "", "lists no pairs; expected two names in each line"),
        ("p.csv", "a.png\n", "has another form at entry 1; expected two names of photos"),
        (
            "p.csv",
            2 * "drawings/a.png,photos/a.png\n",
            "lists the pair drawings/a.png and photos/a.png",
        ),
        ("p.csv", '"a', "cannot be read"),
        ("p.json", "{}", "is no list; expected a list of pairs of names"),
        ("p.json", '[["a.png", 1]]', "has another form at entry 1"),
        ("p.json", "[", "cannot be read"),
    ],
)
def test_files_of_pairs_of_another_form(folders, tmp_path, name, content, text):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadLabel, match=text):
        read_pairs(tmp_path / name)


def test_what_is_not_there(folders, tmp_path):
    with pytest.raises(BadLabel, match="no such file; expected a CSV or JSON file of pairs"):
        read_pairs(tmp_path / "pairs.csv")
    (tmp_path / "pairs.csv").write_text("drawings/a.png,photos/z.png")
    with pytest.raises(BadPhoto, match=r"photos/z\.png: no such file; expected a photo"):
        read_pairs(tmp_path / "pairs.csv")
    assert len(find_photos(folders[0])) == 3
