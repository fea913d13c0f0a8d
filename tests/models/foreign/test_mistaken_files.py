import gzip
import io
import tarfile

import pytest

from partly.errors import BadModelFile
from partly.models.foreign.containers import read_content

EXPECTED = "; expected a file of torch.save, a safetensors file, or a pickle. "
BROWSER = "Open the address in a browser and download the file there"


def tar():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.pt"))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "found", "remedy"),
    [
        (b"\n<!DOCTYPE html><html>Google Drive", "is a web page, not the checkpoint", BROWSER),
        (b'\xef\xbb\xbf \r\n<HTML lang="en">', "is a web page, not the checkpoint", BROWSER),
        ("<!doctype html><title>Übung".encode("utf-16"), "is a web page, not the checkpoint", BROWSER),
        (b"<!-- moved -->\n<html>" + b"x" * 600, "is a web page, not the checkpoint", BROWSER),
        (
            b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
            'is XML, not the checkpoint: <?xml version="1.0"?><Error><Code>AccessDenied</Code></Error',
            BROWSER,
        ),
        (
            b'{"error": "Invalid username or password."}',
            'is a server\'s message in JSON, not the checkpoint: {"error": "Invalid username or password."}',
            BROWSER,
        ),
        (
            b' {\n "message": "Not Found",\n "documentation_url": "https://docs.github.com/rest/overview"}',
            'is a server\'s message in JSON, not the checkpoint: { "message": "Not Found", "documentation',
            BROWSER,
        ),
        (b'[{"a": 1}]', 'is JSON, not the checkpoint: [{"a": 1}]', BROWSER),
        (b"Entry not found", "is text, not the checkpoint: Entry not found", BROWSER),
        (b"Forbidden", "is text, not the checkpoint: Forbidden", BROWSER),
        ("<html><title>Téléchargé à l'été</title>".encode("latin-1"), "is a web page, not the ch", BROWSER),
        (b"404: Not Found\n", "is text, not the checkpoint: 404: Not Found", BROWSER),
        (
            b"version https://git-lfs.github.com/spec/v1\r\noid sha256:abc\r\nsize 1\r\n",
            "is a Git LFS pointer, a few lines that stand for the file itself",
            "Fetch the file itself with git lfs pull, or download it from its page",
        ),
        (b"version https://hawser.github.com/spec/v1\noid", "is a Git LFS pointer, a few lines", "Fetch"),
        (
            b"/annex/objects/SHA256E-s1--2.pt\n",
            "is a git-annex pointer",
            "Fetch the file itself with git ann",
        ),
        (b"", "is empty", "Its download was broken off: download it again"),
        (bytes(1000), "holds nothing but zeros, at least at its beginning", "Its download was broken off"),
        (gzip.compress(b"x", mtime=0), "is packed with gzip", "Unpack it first."),
        (b"7z\xbc\xaf\x27\x1c", "is packed with 7-Zip", "Unpack it first."),
        (tar(), "is a tar, a folder in one file", "Unpack it first, and give the file in it."),
        (
            b"\x89HDF\r\n\x1a\n",
            "is a file of HDF5, as Keras writes it, not the checkpoint",
            "Take the checkpoi",
        ),
    ],
)
def test_what_stands_in_place_of_a_checkpoint(tmp_path, data, found, remedy):
    path = tmp_path / "cats.pt"
    path.write_bytes(data)
    with pytest.raises(BadModelFile) as caught:
        read_content(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: {found}")
    assert EXPECTED + remedy in said
