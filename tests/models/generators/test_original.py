"""The imported generator against the original."""

from __future__ import annotations

import pytest

from tests.originals import output_beside_original


@pytest.mark.slow
@pytest.mark.original
def test_pictures_are_those_of_the_original() -> None:
    told = output_beside_original("benchmarks.original", "ffhq", ["openvino"], limit_s=120)
    assert "largest difference" in told
