"""The process of one job: ``python -m partly.studio.session.job_process VERB PROJECT OPTIONS_JSON``.

It tells on stdout what it does, one JSON object a line. SIGINT stops it as Ctrl-C stops a command: what is
finished is kept, and the same job goes on from there. So does the end of the studio, however it ends: then
nobody holds the other end of stdin any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from partly.errors import PartlyError
from partly.machine import keep_large_tensors
from partly.studio.session.job import JobReports, check_options

STOPPED = 130
_STDIN = 0
_NICENESS = 5
_PATIENCE_S = 20.0


def main(arguments: list[str]) -> int:
    """Run a job; returns the exit code."""
    verb, folder, options_json = arguments
    options = json.loads(options_json)
    # A studio that was started in the background of a script ignores Ctrl-C, and so would what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What libraries print must not get among the reports.
    reports = JobReports(sys.stdout)
    sys.stdout = sys.stderr
    threading.Thread(target=_end_with_the_studio, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)  # painting comes first
    return run_job(verb, folder, options, reports)


def run_job(verb: str, folder: str, options: Mapping[str, Any], reports: JobReports) -> int:
    """Run a job in this process; returns the exit code.

    Args:
        verb: what is done.
        folder: of the project.
        options: of the job.
        reports: told what is done, and what went wrong.
    """
    try:
        keep_large_tensors()
        check_options(verb, options)
        reports.progress("starting")
        from partly.project import open_project
        from partly.studio.session.job_verbs import RUN

        RUN[verb](open_project(folder), options, reports)
    except KeyboardInterrupt:
        return STOPPED
    except PartlyError as error:
        reports.error(str(error))
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reports.error(f"{where}{error.strerror or error}.")
        return 1
    except (RuntimeError, MemoryError, TypeError) as error:
        from partly.machine import mendable

        told = mendable(error)
        if told is None:
            raise
        reports.error(str(told))
        return told.exit_code
    return 0


def _end_with_the_studio() -> None:
    # The file itself: a thread that waits for sys.stdin would hold its lock when the interpreter ends.
    with contextlib.suppress(OSError):
        while os.read(_STDIN, 1):
            pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_PATIENCE_S)
    os._exit(STOPPED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
