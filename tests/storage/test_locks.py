import subprocess
import sys

import pytest

from partly.errors import FolderBusy
from partly.storage.locks import only_writer

HOLD = """
import sys
from pathlib import Path
from partly.storage.locks import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_after_the_other(tmp_path):
    for _ in range(2):
        with only_writer(tmp_path / "new" / "folder"):
            assert (tmp_path / "new" / "folder").is_dir()


def test_a_second_writer_is_refused(tmp_path):
    with (
        only_writer(tmp_path),
        pytest.raises(FolderBusy, match=r"another command is writing to this folder\. Wait until it is done"),
        only_writer(tmp_path),
    ):
        pass
    with only_writer(tmp_path):
        pass


def test_after_an_error_the_folder_is_free(tmp_path):
    with pytest.raises(ZeroDivisionError), only_writer(tmp_path):
        _ = 1 / 0
    with only_writer(tmp_path):
        pass


def test_other_folders_are_free(tmp_path):
    with only_writer(tmp_path / "a"), only_writer(tmp_path / "b"):
        pass


def test_a_killed_process_leaves_no_lock(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(FolderBusy), only_writer(tmp_path):
            pass
        process.kill()
        process.wait()
    with only_writer(tmp_path):
        pass
