"""What is done with a mutated file: what the verbs of the command line do, and the service."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import select
import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from benchmarks.fuzzing.originals import Original
from partly.data.photos import find_photos
from partly.errors import BadPhoto, PartlyError
from partly.inference.exported import load_exported, segment_exported
from partly.inference.segment import ViewOptions, load_part_network, segment_photo
from partly.models.generators import load_generator
from partly.models.zoo import import_checkpoint
from partly.project import import_labels, open_project, part_set_from, state_of
from partly.service import ServiceOptions
from partly.service.answers import TaskPhotos, photo_segmenting
from partly.service.http import Workers, served_network, service_app
from partly.web import PatientConnection, Security, listening, run_server

_ANSWER_S, _SILENCE_S = 20.0, 0.5


class ServiceFailed(Exception):
    """The service answered that it is at fault, or answered no more."""


class Targets:
    """Runs files, each in a folder of its own.

    Args:
        home: the folder that :func:`benchmarks.fuzzing.originals.originals` filled.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port: int | None = None
        self._runs: Mapping[str, Callable[[Path, bytes, str], None]] = {
            "photos": self._photos,
            "onnx": self._onnx,
            "network": self._network,
            "generator": self._generator,
            "checkpoint": self._checkpoint,
            "project": self._project,
            "parts": self._parts,
            "request": self._request,
        }

    def run(self, original: Original, data: bytes, folder: Path) -> None:
        """Do with a mutated file what Partly does with such files.

        Args:
            original: what it was made of.
            data: the mutated bytes.
            folder: empty; nothing outside may be touched.

        Raises:
            PartlyError: the file cannot be used, and the error says so.
        """
        if original.target == "labels":
            self._labels(folder, data, original)
        else:
            self._runs[original.target](folder, data, original.name)

    def _labels(self, folder: Path, data: bytes, original: Original) -> None:
        """The folder of the labels; where it would be of one file, that file."""
        for part in ("project", "photos"):
            shutil.copytree(self._home / part, folder / part)
        for name, content in (*original.beside, (original.name, data)):
            (folder / "labels" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "labels" / name).write_bytes(content)
        given = folder / "labels" if original.beside else folder / "labels" / original.name
        import_labels(open_project(folder / "project"), [given])

    def _photos(self, folder: Path, data: bytes, name: str) -> None:
        (folder / name).write_bytes(data)
        for source in find_photos([folder / name])[:8]:
            with contextlib.suppress(BadPhoto):
                source.read()

    def _onnx(self, folder: Path, data: bytes, name: str) -> None:
        (folder / name).write_bytes(data)
        network = load_exported(folder / name, n_threads=1)
        segment_exported(network, self._home / "photos" / "a.png")

    def _network(self, folder: Path, data: bytes, name: str) -> None:
        model = self._model("network", folder, data, name)
        segment_photo(load_part_network(model), self._home / "photos" / "a.png")

    def _generator(self, folder: Path, data: bytes, name: str) -> None:
        load_generator(self._model("generator", folder, data, name))

    def _model(self, kind: str, folder: Path, data: bytes, name: str) -> Path:
        shutil.copytree(self._home / kind, folder / kind)
        (folder / kind / name).write_bytes(data)
        if name == "model.safetensors":
            # With their digest put right, or nothing of them would be read.
            card = folder / kind / "model.json"
            values = json.loads(card.read_bytes())
            values["weights_sha256"] = hashlib.sha256(data).hexdigest()
            card.write_text(json.dumps(values))
        return folder / kind

    def _checkpoint(self, folder: Path, data: bytes, name: str) -> None:
        (folder / name).write_bytes(data)
        import_checkpoint(folder / name, folder / "imported")

    def _project(self, folder: Path, data: bytes, name: str) -> None:
        project = folder / "project"
        project.mkdir()
        shutil.copytree(self._home / "photos", folder / "photos")
        (project / name).write_bytes(data)
        state_of(open_project(project))

    def _parts(self, folder: Path, data: bytes, name: str) -> None:
        (folder / name).write_bytes(data)
        part_set_from(str(folder / name))

    def _request(self, folder: Path, data: bytes, name: str) -> None:  # noqa: ARG002
        """One request over a socket; whatever it is, the service must answer the next."""
        host = f"127.0.0.1:{self.port}".encode()
        _refuse_defects(self._exchanged(data.replace(b"HOST", host)))
        health = self._exchanged(b"GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host)
        if not health.startswith(b"HTTP/1.1 200"):
            raise ServiceFailed(f"it is not well any more: {health[:200]!r}")

    def _exchanged(self, data: bytes) -> bytes:
        answer = bytearray()
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=_ANSWER_S) as client,
            # It may hang up on such a client.
            contextlib.suppress(ConnectionResetError, BrokenPipeError),
        ):
            client.sendall(data)
            self._end_of_silence(client)
            while piece := self._received(client):
                answer += piece
                self._end_of_silence(client)
        return bytes(answer)

    @staticmethod
    def _end_of_silence(client: socket.socket) -> None:
        """Say that nothing more will come, where the service waits for it."""
        if not select.select([client], [], [], _SILENCE_S)[0]:
            with contextlib.suppress(OSError):  # it has hung up
                client.shutdown(socket.SHUT_WR)

    @staticmethod
    def _received(client: socket.socket) -> bytes:
        try:
            return client.recv(1 << 16)
        except TimeoutError:
            raise ServiceFailed(f"no answer in {_ANSWER_S:g} s") from None

    @property
    def port(self) -> int:
        """Of the service, which is started when first used, in a thread."""
        if self._port is None:
            listener = listening("127.0.0.1", 0, 0)
            self._port = int(listener.getsockname()[1])
            segmenting = photo_segmenting(
                self._home / "network.onnx", ViewOptions(), max_pixels=4_000_000, at_once=1
            )
            served = served_network(
                segmenting,
                ServiceOptions(),
                TaskPhotos.of(self._home / "photos", [], 1 << 20, None),
                Workers(1),
            )
            app = service_app(served, Security(port=self._port))
            ready = threading.Event()
            threading.Thread(
                target=run_server,
                args=(app, listener),
                kwargs={"on_start": ready.set, "protocol": PatientConnection},
                daemon=True,
            ).start()
            ready.wait()
        return self._port


def _refuse_defects(answer: bytes) -> None:
    for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer):
        if status == b"500":
            raise ServiceFailed(answer.partition(b"\r\n\r\n")[2][:2000].decode("utf-8", "replace"))


def is_named(error: BaseException) -> bool:
    """Whether an error is one that a user can mend."""
    return isinstance(error, PartlyError)


torch.set_num_threads(1)
