from __future__ import annotations

import os
import re
import stat
import struct
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.data.photos.photo_sources import find_photos, output_name
from partly.errors import BadArchive, BadPhoto
from tests.data.photos.files import encoded, gradient

PNG = encoded(gradient(), "PNG")


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(PNG)
    return folder


def make_zip(path: Path, *names: str, data: bytes = PNG) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return path


def names_of(*paths: Path, **options: object) -> list[str]:
    return [source.name for source in find_photos(paths, **options)]  # type: ignore[arg-type]


def test_a_folder_is_searched_recursively_in_order(tmp_path: Path) -> None:
    fill(tmp_path, "b.JPG", "a.png", "sub/c.tiff", "sub/deeper/d.webp", "notes.txt", "data.zip", "sub/x.heic")
    fill(tmp_path, ".hidden.png", ".git/e.png", "__MACOSX/f.png")
    found = find_photos(tmp_path)
    assert [s.name for s in found] == ["a.png", "b.JPG", "sub/c.tiff", "sub/deeper/d.webp", "sub/x.heic"]
    assert found.n_ignored == 2
    assert found.passed_over == ("data.zip", "notes.txt")
    assert len(found) == 5
    assert found[1].path == tmp_path / "b.JPG"
    assert [s.name for s in found[3:]] == ["sub/deeper/d.webp", "sub/x.heic"]
    np.testing.assert_array_equal(found[1].read().pixels, gradient())
    assert found[2].read().name == "sub/c.tiff"


def test_one_file_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    fill(tmp_path, "photo.bin")
    found = find_photos(str(tmp_path / "photo.bin"))
    assert [s.name for s in found] == ["photo.bin"]
    with found[0].open() as file:
        assert file.read() == PNG


def test_zips_are_read_in_place(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "z.png", "sub/a.png", "readme.md", ".x.png", "__MACOSX/._z.png", "d/")
    found = find_photos(path)
    assert [s.name for s in found] == ["sub/a.png", "z.png"]
    assert found.passed_over == ("readme.md",)
    assert found[0].location == path / "sub/a.png"
    np.testing.assert_array_equal(found[0].read().pixels, gradient())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_a_member_without_a_name_is_no_photo(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "x.png", "a.png")
    path.write_bytes(path.read_bytes().replace(b"x.png", b"\0.png"))  # names end at a NUL
    assert names_of(path) == ["a.png"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_fails_alone(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.png", PNG)
        archive.writestr("b.png", PNG)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[40:80] = b"\xff" * 40
    (tmp_path / "a.zip").write_bytes(data)
    damaged, sound = find_photos(tmp_path / "a.zip")
    with pytest.raises(BadPhoto):
        damaged.read()
    np.testing.assert_array_equal(sound.read().pixels, gradient())


def test_zips_are_known_by_content_or_suffix(tmp_path: Path) -> None:
    make_zip(tmp_path / "archive.bin", "a.png")
    assert names_of(tmp_path / "archive.bin") == ["a.png"]
    # A photo with a zip behind it is a photo.
    both = tmp_path / "both.png"
    both.write_bytes(PNG + (tmp_path / "archive.bin").read_bytes())
    assert names_of(both) == ["both.png"]


def test_several_paths_keep_their_names_apart(tmp_path: Path) -> None:
    fill(tmp_path, "one/a.png", "two/a.png", "a.png", "other/a.png")
    make_zip(tmp_path / "one.zip", "a.png", "b.png")
    given = [tmp_path / name for name in ("one", "two", "a.png", "other/a.png", "one.zip", "one")]
    assert names_of(*given) == ["one/a.png", "two/a.png", "a.png", "a~2.png", "one/a~2.png", "one/b.png"]


def test_names_are_unique_where_case_is_ignored(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "A.png", "a.png", "a~2.png")
    assert names_of(path) == ["A.png", "a~2.png", "a~2~2.png"]


def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = make_zip(tmp_path / "a.zip", "a.png", "a.png")
    assert names_of(path) == ["a.png", "a~2.png"]


def test_control_characters_and_bad_unicode_do_not_reach_names(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "new\nline\x1b[2J.png")
    assert names_of(path) == ["new_line_[2J.png"]
    if sys.platform == "linux":
        folder = tmp_path / "folder"
        folder.mkdir()
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(PNG)
        assert names_of(folder) == ["\ufffd.png"]
        assert find_photos(folder)[0].read().width_px == 32


def test_folders_can_be_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "results/overlays/a.jpg")
    assert names_of(tmp_path, leave_out=[tmp_path / "results"]) == ["a.png"]


def test_linked_folders_are_not_entered(tmp_path: Path) -> None:
    fill(tmp_path, "photos/a.png")
    (tmp_path / "photos" / "round").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "b.png").symlink_to(tmp_path / "photos" / "a.png")
    found = find_photos(tmp_path / "photos")
    assert [source.name for source in found] == ["a.png", "b.png"]
    assert found.told() == ("1 linked folder not entered (round/).",)


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    fill(tmp_path / "in", "a.HIF", "d.png", "e.dng", "sub/f.jxl", "i.svg", "n.tga", "more.ZIP", ".hidden")
    found = find_photos(tmp_path / "in")
    assert [source.name for source in found] == ["a.HIF", "d.png"]
    assert found.told() == (
        "4 other files passed over (e.dng, i.svg, n.tga, sub/f.jxl).",
        "1 archive passed over (more.ZIP): give a zip or tar by itself, and the photos in it are found.",
    )
    fill(tmp_path / "b", "a.png")
    assert find_photos([tmp_path / "in", tmp_path / "b"]).passed_over[0] == "in/e.dng"
    many = fill(tmp_path / "many", "a.png", *(f"{n}.txt" for n in range(10)))
    assert find_photos(many).told() == (
        "10 other files passed over (0.txt, 1.txt, 2.txt, 3.txt, 4.txt, 5.txt, 6.txt, 7.txt and 2 more).",
    )
    inside = make_zip(tmp_path / "a.zip", "a.png", "b.raw", "c.zip")
    assert find_photos(inside).passed_over == ("b.raw", "c.zip")
    assert find_photos(tmp_path / "b").told() == ()


def zip_of_raw_names(path: Path, *names: bytes, extra: bytes = b"") -> Path:
    """A zip whose names are these bytes, without the flag for UTF-8."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            member = zipfile.ZipInfo("x" * (len(name) - 1) + str(number))
            member.extra = extra
            archive.writestr(member, PNG)
    data = path.read_bytes()
    for number, name in enumerate(names):
        data = data.replace(b"x" * (len(name) - 1) + str(number).encode(), name)
    path.write_bytes(data)
    return path


def test_names_in_utf_8_without_the_flag_are_known(tmp_path: Path) -> None:
    names = ["Übung.png", "写真/１.png", "plain.png", "é\ù.png"]
    found = find_photos(zip_of_raw_names(tmp_path / "a.zip", *(name.encode() for name in names)))
    assert [source.name for source in found] == ["plain.png", "Übung.png", "é/ù.png", "写真/１.png"]
    assert found.told() == ()
    for source in found:
        assert source.read().width_px == 32
    assert found[1].location == tmp_path / "a.zip" / "Übung.png"


@pytest.mark.parametrize("encoding", ["shift_jis", "gbk", "cp1252", "cp437"])
def test_names_of_other_encodings_are_stable_and_told(encoding: str, tmp_path: Path) -> None:
    name = "写真.png" if encoding in ("shift_jis", "gbk") else "Übung é.png"
    path = zip_of_raw_names(tmp_path / "a.zip", name.encode(encoding), b"plain.png")
    found = find_photos(path)
    read = name.encode(encoding).decode("cp437")
    read = re.sub(r"[\x00-\x1f\x7f-\x9f]", "_", read)
    assert {source.name for source in found} == {read, "plain.png"}
    assert all(source.read().width_px == 32 for source in found)
    assert found.told() == (
        f"{path}: 1 name not in UTF-8, perhaps spelt otherwise ({read})."
        " Make the zip with UTF-8 names, or unpack it and give the folder.",
    )


def test_names_that_claim_to_be_in_utf_8_and_are_not_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "é.png")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\x8e\xca"))
    with pytest.raises(BadArchive) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: has a name that is not in the UTF-8 that it claims (b'\\x8e\\xca.png')."
        " Make the zip again, or unpack it and give the folder."
    )


def test_a_name_in_unicode_beside_the_other_wins(tmp_path: Path) -> None:
    raw, meant = "写真.png".encode("shift_jis"), "写真.png".encode()
    for checksum, is_taken in ((zlib.crc32(raw), True), (0, False)):
        field = struct.pack("<HHBI", 0x7075, 5 + len(meant), 1, checksum) + meant
        extra = struct.pack("<HH", 0x9999, 2) + b"ab" + field
        found = find_photos(zip_of_raw_names(tmp_path / "a.zip", raw, extra=extra))
        assert (found[0].name == "写真.png") == is_taken
        assert found[0].read().width_px == 32


def test_names_that_lead_outside_in_utf_8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="leads outside it"):
        find_photos(zip_of_raw_names(tmp_path / "a.zip", "../ü.png".encode()))


def test_what_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto) as caught:
        find_photos([tmp_path / "gone"])
    assert str(caught.value) == f"{tmp_path / 'gone'}: no such file; expected a photo."
    fill(tmp_path, "notes.txt")
    with pytest.raises(BadPhoto) as caught:
        find_photos(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: holds no photos (1 other file: notes.txt); expected files named .apng .avif .bmp .gif"
        " .heic .heif .hif .jfif .jp2 .jpe .jpeg .jpg .mpo .pbm .pgm .png .pnm .ppm .tif .tiff .webp."
    )
    with pytest.raises(BadPhoto, match="no photos were given"):
        find_photos([])


def test_folders_that_cannot_be_listed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BadPhoto, match=r"cannot be listed \(Permission denied\)"):
        find_photos(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "a/../../evil.png",
        "/etc/evil.png",
        "C:/evil.png",
        "c:evil.txt",
        "..\\evil.png",
        "\\\\host\\x",
    ],
)
def test_members_that_lead_outside_are_refused(name: str, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "good.png", name)
    with pytest.raises(BadArchive) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: its member {name!r} leads outside it; expected plain files inside the archive."
        " Make the zip again without it."
    )


@settings(deadline=None)
@given(st.text(st.sampled_from("ab./\\:~ "), min_size=1, max_size=12))
def test_names_never_lead_outside(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = make_zip(Path(folder) / "x.zip", name + "b.png")
        try:
            found = find_photos(path)
        except (BadArchive, BadPhoto):
            return
        target = Path(folder, "labels", output_name(found[0].name, set()) + ".png").resolve()
        assert target.is_relative_to(Path(folder, "labels").resolve())


def test_linked_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadArchive, match=r"its member 'link\.png' is a link; expected plain files"):
        find_photos(path)


def test_damaged_zips_are_refused(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "a.zip", "a.png").read_bytes()
    for name, data in {"cut.zip": whole[:-30], "text.zip": b"no zip", "empty.zip": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadArchive) as caught:
            find_photos(tmp_path / name)
        assert str(caught.value) == (
            f"{tmp_path / name}: cannot be read as a zip (File is not a zip file). Copy or make it again."
        )


def test_a_damaged_member_is_a_bad_photo(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "a.png", "b.png")
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(data)
    first, second = find_photos(path)
    with pytest.raises(BadPhoto) as caught:
        first.read()
    assert str(caught.value).startswith(f"{path}/a.png: cannot be unpacked (Bad CRC-32")
    assert second.read().width_px == 32


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", "a.png")
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(BadArchive) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: its member 'a.png' is encrypted; expected a zip without a password."
        " Unpack it and give the folder."
    )


def test_members_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", b"\0" * 3_000_000)
        archive.writestr("notes.txt", b"\0" * 9_000_000)
    with pytest.raises(BadArchive) as caught:
        find_photos(path, max_member_bytes=2_000_000)
    assert str(caught.value) == (
        f"{path}: its member 'a.png' unpacks to 3 MB; expected at most 2 MB a photo."
        " Make the zip again without it."
    )
    assert len(find_photos(path)) == 1


def test_a_lying_size_does_not_unpack_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", b"\0" * 3_000_000)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(BadPhoto, match="cannot be unpacked"):
        find_photos(path, max_member_bytes=2000)[0].read()


def test_photos_that_vanish_are_told(tmp_path: Path) -> None:
    found = find_photos(fill(tmp_path, "a.png"))
    (tmp_path / "a.png").unlink()
    with pytest.raises(BadPhoto, match="no such file"):
        found[0].open()


def test_output_names_lose_the_suffix_unless_another_photo_has_the_name() -> None:
    taken: set[str] = set()
    names = ["sub/a.jpg", "sub/a.png", "sub/A.webp", "a.b.jpg", "noext", "noext.jpg", "noext.jpg.jpg"]
    expected = ["sub/a", "sub/a.png", "sub/A.webp", "a.b", "noext", "noext.jpg", "noext.jpg~2.jpg"]
    assert [output_name(name, taken) for name in names] == [*expected[:-1], "noext.jpg.jpg"]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("aA.~2"), min_size=1, max_size=5), max_size=8))
def test_output_names_are_unique(bases: list[str]) -> None:
    photo_names: set[str] = set()
    taken: set[str] = set()
    outputs = []
    for base in bases:
        if f"{base}.png".casefold() not in photo_names:
            photo_names.add(f"{base}.png".casefold())
            outputs.append(output_name(f"{base}.png", taken).casefold())
    assert len(set(outputs)) == len(outputs)


def test_a_new_name_costs_nothing_among_many():
    taken = {f"{i}.png" for i in range(300_000)}
    began = time.process_time()
    assert output_name("new.png", taken) == "new"
    assert time.process_time() - began < 0.2  # all numbered names would take seconds
