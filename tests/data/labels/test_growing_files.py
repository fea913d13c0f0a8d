from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.errors import BadLabel, FolderBusy, PartlyError
from partly.storage.growing_files import GrowingFile
from tests.data.labels.journals import full_disk, lines_of, write_lines

LINES = [{"n": i, "text": "ä" * i} for i in range(3)]


def opened(path):
    return GrowingFile.open(path, "Buy a new disk")[0]


def text_of_damage(path):
    with pytest.raises(BadLabel) as caught:
        opened(path)
    return str(caught.value)


def test_lines_come_back_and_the_file_goes_on(tmp_path):
    path = tmp_path / "deep/a.jsonl"
    file = opened(path)
    assert not path.parent.exists()
    file.append(LINES[0])
    opened(path).append(LINES[1], LINES[2])
    assert lines_of(path) == LINES
    assert path.read_bytes().startswith(b'{"n":0,"text":"","crc32":"')


def test_lines_are_on_the_disk_when_append_returns(tmp_path, monkeypatch):
    path, sizes = tmp_path / "a.jsonl", []
    monkeypatch.setattr(
        "partly.storage.growing_files.os.fsync", lambda handle: sizes.append(os.fstat(handle).st_size)
    )
    file = opened(path)
    file.append(LINES[0])
    assert sizes[0] == path.stat().st_size
    assert len(sizes) == 2, "the folder of a new file as well"
    file.append(LINES[1])
    assert sizes[2:] == [path.stat().st_size]


def test_a_cut_off_line_is_left_out_and_taken_away(tmp_path):
    path = tmp_path / "a.jsonl"
    write_lines(path, LINES[:2])
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for n_bytes in range(start, len(whole)):
        path.write_bytes(whole[:n_bytes])
        assert lines_of(path) == LINES[:1]
        assert path.stat().st_size == n_bytes
        opened(path).append(LINES[2])
        assert lines_of(path) == [LINES[0], LINES[2]]


@settings(deadline=None, max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_any_other_byte_that_changes_is_found(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("damage") / "a.jsonl"
    write_lines(path, LINES)
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= change
    path.write_bytes(data)
    assert re.search(r"a\.jsonl: line [123] is damaged \(its checksum is wrong\)\.", text_of_damage(path))


def test_lines_that_are_no_json_objects_are_damaged(tmp_path):
    path = tmp_path / "a.jsonl"
    write_lines(path, LINES)
    good = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(good[0] + b"\n" + good[2])
    assert text_of_damage(path) == f"{path}: line 2 is damaged (its checksum is wrong). Buy a new disk."
    path.write_bytes(good[0] + good[1] + b'[1,"crc32":"%08x"}\n' % zlib.crc32(b"[1}"))
    assert text_of_damage(path) == f"{path}: line 3 is damaged (no JSON object). Buy a new disk."


def test_after_an_error_nothing_of_a_line_is_in_the_file(tmp_path):
    path = tmp_path / "a.jsonl"
    file = opened(path)
    file.append(LINES[0])
    with full_disk(), pytest.raises(PartlyError) as caught:
        file.append(LINES[1])
    assert str(caught.value) == (
        f"{path}: cannot be written (No space left on device). "
        "Make room on the disk, or allow writing there, and do the last step again."
    )
    assert lines_of(path) == LINES[:1]
    assert path.read_bytes().endswith(b"\n")
    file.append(LINES[2])
    assert lines_of(path) == [LINES[0], LINES[2]]


def test_another_writer_is_noticed_and_its_lines_are_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    write_lines(path, LINES[:1])
    file, n_bytes = opened(path), path.stat().st_size
    opened(path).append(LINES[1])
    with pytest.raises(FolderBusy) as caught:
        file.append(LINES[2])
    assert str(caught.value) == (
        f"{path}: has {path.stat().st_size} bytes and not the {n_bytes} that it was left with; expected no "
        "other program that writes to it. Stop the other program, and start this one again."
    )
    assert lines_of(path) == LINES[:2]
    path.unlink()
    with pytest.raises(FolderBusy, match="has 0 bytes"):
        file.append(LINES[2])
    assert not path.exists()


def test_a_folder_in_its_place_is_reported(tmp_path):
    with pytest.raises(BadLabel, match=r"cannot be read \(.*\); expected a file that Partly wrote\."):
        opened(tmp_path)


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    path = tmp_path / "a.jsonl"
    program = (
        "import sys; from pathlib import Path; from partly.storage.growing_files import GrowingFile\n"
        "file, _ = GrowingFile.open(Path(sys.argv[1]), '')\n"
        "for n in range(10**6): file.append({'n': n, 'text': 'x' * 5000}); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    kept = [line["n"] for line in lines_of(path)]
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) - len(acknowledged) in (0, 1)
