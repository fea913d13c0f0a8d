"""How many photos ``partly serve`` segments a second, whether any is lost, and whether its memory is level.

``python -m benchmarks.serve`` exports a network of the usual architecture (random weights, which cost as much
as trained ones), or takes ``--network FILE``, and starts the service. First 8 clients at once send photos of
512 px, as fast as they are answered; the bar is 10 a second on two cores, clients included. Then they go on
until 10,000 requests are answered, and the memory of the process is read on the way. Every answer is compared
byte for byte with the first one to the same photo.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.process_memory import memory_bytes
from partly.data.labels import FACE_PARTS
from partly.data.photos import encode_jpeg
from partly.data.portraits import portrait_sources
from partly.machine import usable_processors
from partly.storage import write_json

_ARCHITECTURE, _SIZE_PX = "lite0-unet", 192
_N_PHOTOS = 16
_FILE = "serve.json"


@dataclass
class Tally:
    """What clients saw.

    Attributes:
        times_s: of each answered request.
        lost: requests without an answer, or with another than 200.
        changed: answers that differ from the first one to the same photo.
        refused: answers 503, after which the client tried again as it was told.
    """

    times_s: list[float] = field(default_factory=list)
    lost: int = 0
    changed: int = 0
    refused: int = 0


class Service:
    """``partly serve`` in a process of its own."""

    def __init__(self, network: Path, *options: str) -> None:
        words = ["serve", str(network), "--port", "0", "--json", *options]
        command = [sys.executable, "-c", "from partly.cli.command_line import main; main()", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("}"):
                break
        else:
            raise RuntimeError(f"the service ended with code {self.process.wait()}")
        url = urlsplit(json.loads("".join(lines))["url"])
        self.host, self.port = str(url.hostname), int(url.port or 80)

    def rss_mib(self) -> float:
        """What the process has in memory."""
        return memory_bytes("VmRSS", self.process.pid) / 2**20

    def stop(self) -> int:
        """As Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def ask(
    service: Service, photos: Sequence[bytes], n_requests: int, n_clients: int, rss_at: Sequence[int] = ()
) -> tuple[Tally, float, dict[int, float]]:
    """Send photos in turn from several clients at once.

    Returns:
        What they saw, how long it took in seconds, and the service's memory in MiB after so many requests.
    """
    numbers, lock = count(), threading.Lock()
    tally, known, memory = Tally(), dict[int, bytes](), dict[int, float]()

    def client() -> None:
        connection = http.client.HTTPConnection(service.host, service.port, timeout=120)
        while (number := next(numbers)) < n_requests:
            which = number % len(photos)
            began = time.monotonic()
            status, data, n_refused = _answer(connection, photos[which])
            with lock:
                tally.refused += n_refused
                if status != 200:
                    tally.lost += 1
                    continue
                tally.times_s.append(time.monotonic() - began)
                tally.changed += known.setdefault(which, data) != data
                if len(tally.times_s) in rss_at:
                    memory[len(tally.times_s)] = service.rss_mib()
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(n_clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally, time.monotonic() - began, memory


def _answer(connection: http.client.HTTPConnection, photo: bytes) -> tuple[int, bytes, int]:
    """Status and body, and how often the service was busy before; status 0 where there is no answer."""
    n_refused = 0
    while True:
        try:
            connection.request("POST", "/segment", photo)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0, b"", n_refused
        if answer.status != 503:
            return answer.status, data, n_refused
        n_refused += 1
        time.sleep(float(answer.headers["Retry-After"]))


def photos_of(size_px: int, n: int) -> list[bytes]:
    """Drawn portraits as JPEGs."""
    return [encode_jpeg(source.read().pixels) for source in portrait_sources(n, size_px)]


@contextmanager
def network_file(given: Path | None) -> Iterator[Path]:
    """The file to serve."""
    if given is not None:
        yield given
        return
    import torch

    from partly.inference.export import export_onnx
    from partly.models.networks import AutoShotNetwork

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_onnx(AutoShotNetwork(_ARCHITECTURE, FACE_PARTS, _SIZE_PX).eval(), path)
        yield path


def figures(network: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Speed and memory of one service."""
    service = Service(network, *chosen.option)
    try:
        photos = photos_of(chosen.size, _N_PHOTOS)
        ask(service, photos, chosen.clients * 2, chosen.clients)
        load = os.getloadavg()[0]
        quick, took_s, _ = ask(service, photos, chosen.photos, chosen.clients)
        long_photos = photos if chosen.long_size == chosen.size else photos_of(chosen.long_size, _N_PHOTOS)
        at = sorted({chosen.requests // 10, chosen.requests})
        long, long_s, memory = ask(service, long_photos, chosen.requests, chosen.clients, at)
    finally:
        code = service.stop()
    return {
        "cores": usable_processors(),
        "load before": round(load, 1),
        f"photos/s, {chosen.size} px, {chosen.clients} clients": round(len(quick.times_s) / took_s, 1),
        "ms an answer, median": round(1000 * statistics.median(quick.times_s)),
        "ms an answer, most": round(1000 * max(quick.times_s)),
        f"requests in the long part, {chosen.long_size} px": len(long.times_s),
        "requests/s in the long part": round(len(long.times_s) / long_s, 1),
        **{f"MiB after {n} requests": round(mib) for n, mib in memory.items()},
        "lost": quick.lost + long.lost,
        "changed answers": quick.changed + long.changed,
        "refused and sent again": quick.refused + long.refused,
        "exit code": code,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, help="an exported file")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--size", type=int, default=512, help="side of the photos, in pixels")
    parser.add_argument("--photos", type=int, default=300, help="how many for the speed")
    parser.add_argument("--requests", type=int, default=10_000, help="how many for the memory")
    parser.add_argument("--long-size", type=int, default=512, help="side of their photos, in pixels")
    parser.add_argument(
        "--option", action="append", default=[], help="of partly serve, such as --option=--no-mirror"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    chosen = parser.parse_args(arguments)
    with network_file(chosen.network) as network:
        found = figures(network, chosen)
    for name, value in found.items():
        print(f"{name}: {value}")
    write_json(chosen.out / _FILE, found)


if __name__ == "__main__":
    main()
