"""Networks that read photos against the files that they were read from."""

from __future__ import annotations

import pytest

from tests.originals import output_beside_original


@pytest.mark.slow
@pytest.mark.original
def test_features_are_those_of_the_onnx_file() -> None:
    libraries = ["onnx", "onnxruntime"]
    told = output_beside_original("benchmarks.encoders", "dinov2-small", libraries, limit_s=300)
    assert "block 12: differs by" in told
