"""A discrete-event simulation of pieces of work on machines that share a disk (with SimPy)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from benchmarks.planning.costs import Cluster, Costs

_LEAST_STREAMS = 16
"""Transfers that a disk serves at once at least, each with its share of the speed; others wait."""
_DOWN_S = 300.0


@dataclass(frozen=True)
class Forecast:
    """What comes of it.

    Attributes:
        wall_s: from the start to the last piece.
        n_things: of how many things.
        busy: share of the workers' time in which they compute, 0 to 1.
        disk: share of the time in which the disk transfers, of what it could, 0 to 1.
        waited: share of the workers' time in which they wait for transfers.
        idle: share in which they have no piece left, or start.
        n_again: pieces that were done anew, as a machine failed.
    """

    wall_s: float
    n_things: int
    busy: float
    disk: float
    waited: float
    idle: float
    n_again: int

    @property
    def things_per_s(self) -> float:
        """How fast it is."""
        return self.n_things / self.wall_s

    @property
    def limited_by(self) -> str:
        """What takes most of the time that is not computing, in words; "cores" where that is little."""
        if self.busy > 0.85:
            return "cores"
        return "the shared disk" if self.waited > self.idle else "too few pieces, and starting"


def simulated(costs: Costs, cluster: Cluster, n_things: int, per_piece: int, seed: int = 0) -> Forecast:
    """Workers take pieces as they are free, read them, do them and write them.

    Args:
        costs: of the work.
        cluster: who does it.
        n_things: in all.
        per_piece: things of a piece; the last one may have fewer.
        seed: of speeds and failures.
    """
    return _Simulation(costs, cluster, seed).run(_cut(n_things, per_piece), n_things)


def _cut(n_things: int, per_piece: int) -> Iterable[int]:
    whole, rest = divmod(n_things, per_piece)
    return [per_piece] * whole + ([rest] if rest else [])


class _Simulation:
    def __init__(self, costs: Costs, cluster: Cluster, seed: int) -> None:
        self.costs, self.cluster = costs, cluster
        self.draws = np.random.default_rng(seed)
        self.world = simpy.Environment()
        # No transfer is faster than its core's share of the machine's network, so that a fast disk has more.
        self.of_core = cluster.network_bytes_per_s / cluster.n_cores
        self.n_streams = max(_LEAST_STREAMS, math.ceil(cluster.disk_bytes_per_s / self.of_core))
        self.of_stream = cluster.disk_bytes_per_s / self.n_streams
        self.disk = simpy.Resource(self.world, self.n_streams)
        self.computed_s = self.waited_s = self.transferred_s = 0.0
        self.last_s, self.n_again = 0.0, 0
        self.left: deque[int] = deque()
        self.n_open = 0

    def run(self, pieces: Iterable[int], n_things: int) -> Forecast:
        self.left.extend(pieces)
        self.n_open = len(self.left)
        for _ in range(self.cluster.n_machines):
            speed = max(0.2, self.draws.normal(1, self.cluster.spread))
            workers = [self.world.process(self._worker(speed)) for _ in range(self.cluster.n_cores)]
            if np.isfinite(self.cluster.hours_between_failures):
                self.world.process(self._failures(speed, workers))
        self.world.run()
        all_s = self.last_s * self.cluster.n_workers
        busy, waited = self.computed_s / all_s, self.waited_s / all_s
        disk = self.transferred_s / (self.last_s * self.n_streams)
        return Forecast(self.last_s, n_things, busy, disk, waited, 1 - busy - waited, self.n_again)

    def _worker(self, speed: float) -> Generator[Any, Any, None]:
        try:
            yield self.world.timeout(self.costs.start_s / speed)
        except simpy.Interrupt:
            return
        while self.left:
            n = self.left.popleft()
            try:
                yield from self._piece(n, speed)
            except simpy.Interrupt:
                # What a machine was doing when it failed is done anew by whoever is free.
                self.left.appendleft(n)
                self.n_again += 1
                return
            self.n_open -= 1
            self.last_s = self.world.now

    def _piece(self, n: int, speed: float) -> Generator[Any, Any, None]:
        yield from self._transfer(n * self.costs.in_bytes)
        of_piece = max(0.2, speed * self.draws.normal(1, self.cluster.spread / 2))
        compute_s = (n * self.costs.thing_s + self.costs.piece_s) / of_piece
        yield self.world.timeout(compute_s)
        self.computed_s += compute_s
        yield from self._transfer(n * self.costs.out_bytes)

    def _transfer(self, n_bytes: float) -> Generator[Any, Any, None]:
        began = self.world.now
        with self.disk.request() as turn:
            yield turn
            yield self.world.timeout(n_bytes / min(self.of_stream, self.of_core))
            self.transferred_s += n_bytes / self.of_stream
        self.waited_s += self.world.now - began

    def _failures(self, speed: float, workers: list[simpy.Process]) -> Generator[Any, Any, None]:
        while self.n_open:
            yield self.world.timeout(self.draws.exponential(self.cluster.hours_between_failures * 3600))
            if not self.n_open:
                return
            for worker in workers:
                if worker.is_alive:
                    worker.interrupt()
            yield self.world.timeout(_DOWN_S)
            workers = [self.world.process(self._worker(speed)) for _ in range(self.cluster.n_cores)]
