import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.errors import BadArchive
from partly.synthesis.shards.shard_plan import Piece, Span, finished_spans, missing_pieces, missing_spans
from partly.synthesis.shards.tar_shards import read_index, shard_writer


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "pictures-000000-000001.tar"
    with shard_writer(path) as writer:
        writer.add("000000", {"jpg": b"picture", "logits.npy": b"n" * 700})
        writer.add("000001", {"jpg": b"", "logits.npy": b"m"})
    return path


def test_members_are_read_where_they_lie(shard):
    index = read_index(shard)
    assert list(index) == ["000000", "000001"]
    assert index["000000"]["jpg"].read() == b"picture"
    assert index["000000"]["logits.npy"].read() == b"n" * 700
    assert index["000001"]["jpg"].read() == b""


def test_any_tar_program_reads_it(shard):
    with tarfile.open(shard) as archive:
        assert archive.getnames() == ["000000.jpg", "000000.logits.npy", "000001.jpg", "000001.logits.npy"]


def test_the_same_content_gives_the_same_bytes(shard, tmp_path):
    with shard_writer(tmp_path / "again.tar") as writer:
        writer.add("000000", {"jpg": b"picture", "logits.npy": b"n" * 700})
        writer.add("000001", {"jpg": b"", "logits.npy": b"m"})
    assert (tmp_path / "again.tar").read_bytes() == shard.read_bytes()


def add_and_fail(path):
    with shard_writer(path) as writer:
        writer.add("000000", {"jpg": b"picture"})
        raise KeyboardInterrupt


def test_an_unfinished_shard_never_appears(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        add_and_fail(tmp_path / "pictures-000000-000001.tar")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_bytes", [0, 100, 1024, 3072])
def test_a_cut_shard_is_named(shard, n_bytes):
    shard.write_bytes(shard.read_bytes()[:n_bytes])
    with pytest.raises(BadArchive, match=r"pictures-000000-000001.tar: .*Delete the file and run the same"):
        read_index(shard)


def test_a_file_that_is_no_shard(shard):
    shard.write_bytes(b"hello" * 1000)
    with pytest.raises(BadArchive, match=r"000001.tar: is no readable tar"):
        read_index(shard)


def test_a_shard_that_vanishes_or_shrinks_after_it_was_opened(shard):
    member = read_index(shard)["000000"]["logits.npy"]
    shard.write_bytes(shard.read_bytes()[: member.offset + 10])
    with pytest.raises(BadArchive, match=r"ends within 000000.logits.npy"):
        member.read()
    shard.unlink()
    with pytest.raises(BadArchive, match=r"cannot be read"):
        member.read()


def test_names_say_what_is_inside(tmp_path):
    assert Span(25, 50).file_name("pictures") == "pictures-000025-000049.tar"
    for span in (Span(25, 50), Span(0, 25), Span(1_000_000, 1_000_001)):
        (tmp_path / span.file_name("pictures")).touch()
    (tmp_path / Span(50, 75).file_name("labels")).touch()
    (tmp_path / "pictures-old.tar").touch()
    assert finished_spans(tmp_path, "pictures") == [Span(0, 25), Span(25, 50), Span(1_000_000, 1_000_001)]
    assert finished_spans(tmp_path, "labels") == [Span(50, 75)]


def test_a_folder_that_grows_keeps_its_short_last_shard():
    finished = [Span(0, 4), Span(4, 6)]
    assert missing_spans(6, 4, finished) == []
    assert missing_spans(11, 4, finished) == [Span(6, 8), Span(8, 11)]


def test_a_piece_is_what_is_missing_of_each_kind():
    assert missing_pieces(6, 4, [], []) == [Piece(Span(0, 4), True, True), Piece(Span(4, 6), True, True)]
    assert missing_pieces(6, 4, [Span(0, 4), Span(4, 6)], []) == [
        Piece(Span(0, 4), False, True),
        Piece(Span(4, 6), False, True),
    ]
    assert missing_pieces(9, 4, [Span(0, 4), Span(4, 6)], [Span(4, 8), Span(8, 9)]) == [
        Piece(Span(0, 4), False, True),
        Piece(Span(6, 8), True, False),
        Piece(Span(8, 9), True, False),
    ]
    assert missing_pieces(5, 4, [Span(0, 8)], [Span(0, 8)]) == []


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.lists(st.integers(1, 7), max_size=8), st.data())
def test_finished_and_missing_cover_each_picture_once(n_pictures, per_shard, lengths, data):
    finished, start = [], 0
    for length in lengths:
        start += data.draw(st.integers(0, 5))
        finished.append(Span(start, start + length))
        start += length
    missing = missing_spans(n_pictures, per_shard, finished)
    covered = [i for span in [*finished, *missing] for i in range(span.start, span.stop) if i < n_pictures]
    assert sorted(covered) == list(range(n_pictures))
    assert all(1 <= len(span) <= per_shard for span in missing)


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 7), st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_pieces_are_just_what_is_missing(n_pictures, per_shard, with_pictures, with_labels):
    pictures, labels = (
        [Span(4 * i, 4 * i + 4) for i in sorted(blocks)] for blocks in (with_pictures, with_labels)
    )
    pieces = missing_pieces(n_pictures, per_shard, pictures, labels)
    assert all(1 <= len(piece.span) <= per_shard for piece in pieces)
    assert [piece.span for piece in pieces] == sorted(piece.span for piece in pieces)
    told = {i: (p.pictures, p.labels) for p in pieces for i in range(p.span.start, p.span.stop)}
    assert len(told) == sum(len(piece.span) for piece in pieces)
    for i in range(n_pictures):
        assert told.pop(i, (False, False)) == (i // 4 not in with_pictures, i // 4 not in with_labels)
    assert not told
