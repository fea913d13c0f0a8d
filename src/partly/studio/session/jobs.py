"""Long verbs as processes of their own, one at a time: started, followed, stopped, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from partly.errors import JobRunning, NotFound
from partly.machine import MachineOptions
from partly.storage import read_json_or_none, write_json
from partly.studio.session.annotation_saver import AnnotationSaver
from partly.studio.session.job import VERBS, Job, check_options, parsed
from partly.studio.session.job_process import STOPPED
from partly.studio.session.workspace import Workspace

_N_SHOWN = 10
_TELL_EVERY_S = 0.3
_STOP_S = 20.0
_LOG_LINES = 5


class Jobs:
    """The jobs of a project, with their records and logs in a folder; events tell of every change."""

    def __init__(self, workspace: Workspace, saver: AnnotationSaver) -> None:
        self._workspace, self._saver = workspace, saver
        self._project, self._folder = workspace.parts.project.folder, workspace.paths.jobs
        self._lock = threading.RLock()
        self._jobs = _read_jobs(self._folder)
        self._process: subprocess.Popen[str] | None = None
        self._running: Job | None = None
        self._is_cancelled = False
        self._follower: threading.Thread | None = None
        self._told_at = 0.0

    def list(self) -> list[Job]:
        """The last jobs, the latest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.id, reverse=True)[:_N_SHOWN]

    def get(self, job_id: str) -> Job:
        """A job by its id.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            if job_id not in self._jobs:
                raise NotFound(f"there is no job {job_id[:80]!r}")
            return self._jobs[job_id]

    def panel(self, job_id: str, name: str) -> Path:
        """The file of a panel.

        Raises:
            NotFound: there is no such job, or no such panel.
        """
        path = self.get(job_id).panels.get(name)
        if path is None or not path.is_file():
            raise NotFound(f"the job has no panel {name[:80]!r}")
        return path

    def start(self, verb: str, options: Mapping[str, Any]) -> Job:
        """Start a job, with all labels saved before.

        One that was stopped goes on when it is started again with the same options.

        Raises:
            BadOption: there is no such job or option.
            JobRunning: another one runs.
            PartlyError: an annotation cannot be written.
        """
        check_options(verb, options)
        self._check_free()
        self._saver.flush()
        with self._lock:
            self._check_free()
            job = Job(self._new_id(verb), verb, dict(options), time.time())
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{job.id}.log").open("wb") as log:
                process = subprocess.Popen(
                    _command(verb, self._project, {**self._machine_for(verb), **options}),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    encoding="utf-8",
                    # Ctrl-C in the terminal is for the studio, which then stops the job in order.
                    start_new_session=True,
                )
            self._jobs[job.id] = job
            self._process, self._running, self._is_cancelled = process, job, False
            self._follower = threading.Thread(target=self._follow, args=(job, process), daemon=True)
            self._follower.start()
        self._tell(job, always=True)
        return job

    def _machine_for(self, verb: str) -> dict[str, Any]:
        """The studio's own choice of device and precision, for verbs that take one."""
        return asdict(self._workspace.machine) if MachineOptions in VERBS[verb] else {}

    def cancel(self, job_id: str) -> Job:
        """Stop a job, if it runs; what it has finished is kept.

        Raises:
            NotFound: there is none.
        """
        job = self.get(job_id)
        with self._lock:
            if self._running is job:
                self._interrupt()
                job.text = "stopping"
        self._tell(job, always=True)
        return job

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until no job runs."""
        follower = self._follower
        if follower is not None:
            follower.join(timeout_s)

    def close(self) -> None:
        """Stop what runs, and wait until it has stopped."""
        with self._lock:
            process = self._process if self._running is not None else None
            self._interrupt()
        self.wait(_STOP_S)
        if process is not None and process.poll() is None:
            process.kill()
            self.wait(_STOP_S)

    def _check_free(self) -> None:
        with self._lock:
            if self._running is not None:
                raise JobRunning(
                    f"the job {self._running.verb} is running", remedy="Wait until it is done, or stop it"
                )

    def _interrupt(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._is_cancelled = True
            self._process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    def _follow(self, job: Job, process: subprocess.Popen[str]) -> None:
        """Take in what the process tells, until it ends."""
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout, process.stdin:
            for line in process.stdout:
                report = parsed(line)
                if report is not None:
                    with self._lock:
                        job.take(report)
                    self._tell(job)
            code = process.wait()
        with self._lock:
            self._end(job, code)
        self._workspace.pictures_changed()
        self._tell(job, always=True)

    def _end(self, job: Job, code: int) -> None:
        job.time_left_s = None
        if code == 0:
            job.state = "done"
        elif code == STOPPED or self._is_cancelled:
            job.state, job.text, job.error = "stopped", "stopped; the same job goes on from there", None
        else:
            job.state = "failed"
            job.error = job.error or self._last_words(job, code)
        self._running = self._process = None

    def _last_words(self, job: Job, code: int) -> str:
        """What the log ends with, where the process told nothing."""
        log = self._folder / f"{job.id}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LOG_LINES:]
        said = "\n".join(lines) or "it said nothing"
        return f"the job ended with code {code}: {said} (all of it: {log})"

    def _tell(self, job: Job, *, always: bool = False) -> None:
        with self._lock:
            if not always and time.monotonic() - self._told_at < _TELL_EVERY_S:
                return
            self._told_at = time.monotonic()
            values, record = job.to_json(), job.to_record()
            if always:
                write_json(self._folder / f"{job.id}.json", record)
        self._workspace.events.send("job", values, job.id)

    def _new_id(self, verb: str) -> str:
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{verb}"
        names = (stem, *(f"{stem}-{n}" for n in range(2, 1000)))
        return next(name for name in names if name not in self._jobs)


def _command(verb: str, project: Path, options: Mapping[str, Any]) -> list[str]:
    words = [verb, str(project.resolve()), json.dumps(dict(options))]
    return [sys.executable, "-m", "partly.studio.session.job_process", *words]


def _read_jobs(folder: Path) -> dict[str, Job]:
    jobs = {}
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            job = Job.from_record(read_json_or_none(path) or {})
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # no record of a job; what it made is not in it
        if job.id == path.stem:
            jobs[job.id] = job
    return jobs
