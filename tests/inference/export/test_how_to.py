"""The Python of the how-to page, as it stands there, where neither Partly nor torch can be imported."""

import shutil
import subprocess
import sys

import numpy as np
from PIL import Image

from tests.docs.markdown import ROOT, blocks
from tests.inference.export.networks import PARTS

ALONE = "import sys; sys.modules.update(dict.fromkeys(['partly', 'torch', 'safetensors', 'onnx']))\n"


def test_the_file_runs_without_partly(small, tmp_path):
    (code,) = (b.text for b in blocks(ROOT / "docs/how-to/use-without-partly.md") if b.language == "python")
    shutil.copy(small.file.path, tmp_path / "network.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 3), np.uint8).repeat(20, 0).repeat(30, 1)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", quality=95)
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == list(PARTS.names)
    labels = np.asarray(Image.open(tmp_path / "photo-parts.png"))
    assert labels.shape == (100, 90)
    # Partly's own labels: boundaries are a little elsewhere, since it upsamples logits and not labels.
    expected = small.network.segment(tmp_path / "photo.jpg", mirror_average=False).label_map
    assert (labels == expected).mean() > 0.8
    assert len(np.unique(labels)) > 1
