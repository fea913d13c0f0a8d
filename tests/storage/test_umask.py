"""Threads that write at once leave the user's rights as they were."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

from partly.storage import files
from partly.storage.files import write_bytes


def test_many_threads_write_with_the_rights_of_the_user(tmp_path):
    before = os.umask(0o027)
    files._umask.cache_clear()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: write_bytes(tmp_path / str(i), b"x"), range(200)))
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
        files._umask.cache_clear()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}
