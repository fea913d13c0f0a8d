import pickle

import pytest
import torch

from partly.errors import BadModelFile
from partly.models.foreign.checkpoint_formats import FORMATS, read_checkpoint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"GAN": {}, "version": "1"},
            "holds a dict of GAN, version, no network that Partly knows; expected a",
        ),
        ({}, "holds a dict of nothing, no network"),
        ([1, 2], "holds a list, no network"),
    ],
)
@pytest.mark.parametrize("write", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_unknown_formats(tmp_path, content, said, write):
    path = tmp_path / "file"
    write(content, path)
    with pytest.raises(BadModelFile) as caught:
        read_checkpoint(path)
    assert str(caught.value).startswith(f"{path}: {said}")
    assert all(known.title in str(caught.value) for known in FORMATS.values())


def test_formats_are_told_apart_by_content():
    assert list(FORMATS) == ["rosinality", "nvidia", "dinov2", "dinov2-hugging-face"]
    for known in FORMATS.values():
        assert not known.recognises({"other": 1})
        assert not known.recognises([])
    assert FORMATS["rosinality"].recognises({"g_ema": {}})
