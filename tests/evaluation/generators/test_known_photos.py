"""Features of photos beside a generator: damaged ones, or of another network, are as if not there."""

import numpy as np
import pytest

from partly.evaluation.generators.feature_rows import PhotoFeatures
from partly.evaluation.generators.known_photos import FILE_NAME, keep_known_photos, known_photos

ROWS = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)


def test_a_thousand_photos_are_kept_in_halves(tmp_path):
    keep_known_photos(tmp_path, PhotoFeatures(ROWS, "ab"))
    found = known_photos(tmp_path, "ab")
    assert found is not None
    assert found.network_digest == "ab"
    np.testing.assert_allclose(found.rows, PhotoFeatures(ROWS, "ab").some(1000).rows, rtol=1e-3, atol=1e-4)
    assert (tmp_path / FILE_NAME).stat().st_size < 9000


def test_those_of_another_network_are_not_known(tmp_path):
    keep_known_photos(tmp_path, PhotoFeatures(ROWS, "ab"))
    assert known_photos(tmp_path, "cd") is None


@pytest.mark.parametrize("damage", [b"", b"no safetensors", None])
def test_damaged_or_absent(damage, tmp_path):
    if damage is not None:
        (tmp_path / FILE_NAME).write_bytes(damage)
    assert known_photos(tmp_path, "ab") is None


def test_rows_that_are_no_numbers(tmp_path):
    keep_known_photos(tmp_path, PhotoFeatures(np.full_like(ROWS, np.nan), "ab"))
    assert known_photos(tmp_path, "ab") is None
