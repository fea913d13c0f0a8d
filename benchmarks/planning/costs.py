"""What the simulation is given: measured costs of the work, and what a cluster is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """Of work on many things (photos to segment, pictures to make and label), each by one core.

    Attributes:
        start_s: from the start of a process until it begins its first thing: imports, reading the network.
        thing_s: one thing, while the other cores of the machine are as busy.
        piece_s: what a piece costs besides its things: opening, packing, renaming.
        in_bytes: read of one thing.
        out_bytes: written of one thing.
    """

    start_s: float
    thing_s: float
    piece_s: float
    in_bytes: float
    out_bytes: float


@dataclass(frozen=True)
class Cluster:
    """Machines that share a disk.

    Attributes:
        n_machines: how many.
        n_cores: of each; each has a process.
        disk_bytes_per_s: of the shared disk, for all of them together.
        network_bytes_per_s: of one machine.
        spread: standard deviation of the speed of machines, as a share of it; half as much again from piece
            to piece.
        hours_between_failures: of one machine, on average; one that fails comes back after five minutes.
    """

    n_machines: int
    n_cores: int = 1
    disk_bytes_per_s: float = 500e6
    network_bytes_per_s: float = 125e6
    spread: float = 0.05
    hours_between_failures: float = float("inf")

    @property
    def n_workers(self) -> int:
        """Processes of all machines."""
        return self.n_machines * self.n_cores
