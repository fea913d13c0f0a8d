"""Journals for tests: without waiting for the disk, lines as a file holds them, and changes of part sets."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from hypothesis import strategies as st

from partly.data.labels.part_changes import AddPart, DeletePart, MergeParts, MoveParts, PairParts, RenamePart
from partly.storage.growing_files import GrowingFile


@contextmanager
def full_disk():
    """Every line written in the block fails when it is nearly on the disk."""

    def fail(handle):
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("partly.storage.growing_files.os.fsync", fail)
        yield


def without_waiting(monkeypatch):
    """Leave out waiting for the disk, which takes most of the time; what is written stays the same."""
    monkeypatch.setattr("partly.storage.growing_files.os.fsync", lambda handle: None)


def lines_of(path):
    return GrowingFile.open(path, "")[1]


def write_lines(path, lines):
    """Lines with right checksums, whatever they say."""
    path.unlink(missing_ok=True)
    GrowingFile.open(path, "")[0].append(*lines)


@st.composite
def changes(draw, part_set):
    """A change that the part set can have."""
    names = st.sampled_from(part_set.names)
    others = st.sampled_from(part_set.names[1:])
    new_names = st.sampled_from([name for name in "abcdefghij" if name not in part_set.names])
    kinds = [
        st.builds(AddPart, new_names, after=st.none() | names),
        st.builds(RenamePart, names, new_names),
        st.permutations(part_set.names[1:]).map(lambda rest: MoveParts((part_set.names[0], *rest))),
        st.builds(PairParts, others, st.none()),
    ]
    if part_set.n_parts > 2:
        kinds.append(st.builds(DeletePart, others))
        kinds.append(
            others.flatmap(lambda a: st.builds(MergeParts, st.just(a), names.filter(lambda b: a != b)))
        )
        kinds.append(
            others.flatmap(lambda a: st.builds(PairParts, st.just(a), others.filter(lambda b: a != b)))
        )
    return draw(st.one_of(kinds))
