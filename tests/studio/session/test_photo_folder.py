"""Photos that are dropped on the page."""

import io
import os

import pytest
from PIL import Image

from partly.errors import BadOption, BadPhoto
from partly.studio.session import photo_folder as photo_folder_module
from partly.studio.session.photo_folder import PhotoFolder


def photo(shade=0, format_name="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", (9, 7), (shade, 0, 0)).save(stream, format_name)
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path):
    return PhotoFolder(tmp_path / "photos")


def test_photos_are_kept_as_they_are(folder, tmp_path):
    assert folder.count() == 0
    assert folder.add(photo(format_name="JPEG"), "Me at work.JPG") == "Me at work.jpg"
    assert (tmp_path / "photos" / "Me at work.jpg").read_bytes() == photo(format_name="JPEG")
    (tmp_path / "photos" / "more").mkdir()
    (tmp_path / "photos" / "more" / "b.png").write_bytes(photo())
    (tmp_path / "photos" / "notes.txt").touch()
    (tmp_path / "photos" / ".c.png").touch()
    assert folder.count() == 2


def test_the_same_photo_is_kept_once_and_another_of_its_name_beside_it(folder):
    assert [folder.add(photo(shade), "a.png") for shade in (0, 0, 1, 2, 1)] == [
        "a.png",
        "a.png",
        "a-2.png",
        "a-3.png",
        "a-2.png",
    ]
    assert folder.count() == 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/a.png", "a.png"),
        ("C:\\photos\\a.png", "a.png"),
        ("/a.png", "a.png"),
        (" .png", "photo.png"),
        (".hidden.png", "hidden.png"),
        ("a\x00b\n?.png", "a_b__.png"),
        ("Größe 1 (2).png", "Größe 1 (2).png"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
    ],
)
def test_names_are_never_paths(folder, tmp_path, given, kept):
    assert folder.add(photo(), given) == kept
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")] == [f"photos/{kept}"]


def test_what_is_no_photo_is_refused(folder, tmp_path, monkeypatch):
    for name in ("a.exe", "png", "", "a.zip"):
        with pytest.raises(BadOption, match=r"a photo called .*; expected a name that ends as those"):
            folder.add(photo(), name)
    with pytest.raises(BadPhoto, match=r"a\.png"):
        folder.add(b"nothing", "a.png")
    monkeypatch.setattr(photo_folder_module, "MAX_PHOTO_PIXELS", 62)
    with pytest.raises(BadPhoto, match=r"63 pixels|9 x 7"):
        folder.add(photo(), "a.png")
    assert not (tmp_path / "photos").exists()


def test_photos_are_counted_anew_when_a_folder_has_changed(folder, tmp_path, monkeypatch):
    outer, inner = tmp_path / "photos", tmp_path / "photos" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.png").touch()
    walks, walk = [], os.walk
    monkeypatch.setattr(os, "walk", lambda path: walks.append(path) or walk(path))

    def counted(in_use: bool) -> int:
        """Photos, where the folders have just been in use or not for long."""
        for path in (inner, outer):
            os.utime(path, None if in_use else (1e9, 1e9))
        return folder.count()

    assert counted(in_use=False) == counted(in_use=False) == 1
    assert len(walks) == 1
    (inner / "b.JPG").touch()
    assert folder.count() == 2
    (outer / ".hidden.png").touch()
    (outer / "notes.txt").touch()
    assert counted(in_use=False) == 2
    # A change that follows at once may leave the same time.
    assert counted(in_use=True) == 2
    n_walks = len(walks)
    assert folder.count() == 2
    assert len(walks) == n_walks + 1
