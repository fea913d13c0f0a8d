"""A cluster of Ray of two nodes of one core each on this machine, in a process of its own.

``python -m benchmarks.ray_cluster`` begins one, writes its address, and obeys lines of its input: "lose"
kills the second node, as a machine that leaves. It ends the cluster with its input.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

_SIGN = "cluster "


@dataclass(frozen=True)
class RunningCluster:
    """A cluster that runs.

    Attributes:
        address: of its head.
    """

    address: str
    _commands: IO[str]
    _answers: IO[str]

    def lose_a_node(self) -> None:
        """Kill the second node, without a word to the first."""
        self._commands.write("lose\n")
        self._commands.flush()
        _answer(self._answers)


@contextmanager
def two_nodes() -> Iterator[RunningCluster]:
    """A cluster while the block runs."""
    command = [sys.executable, "-m", "benchmarks.ray_cluster"]
    quiet = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=quiet,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield RunningCluster(_answer(process.stdout), process.stdin, process.stdout)
        process.stdin.close()
        process.stdout.read()


def _answer(lines: IO[str]) -> str:
    """The next answer among what Ray writes.

    Raises:
        RuntimeError: the process has ended.
    """
    for line in lines:
        if line.startswith(_SIGN):
            return line.removeprefix(_SIGN).strip()
    raise RuntimeError("the cluster did not begin, or ended")


def main() -> None:
    """Begin a cluster, and do what the input says."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        print(f"{_SIGN}{cluster.address}", flush=True)
        for line in sys.stdin:
            if line.strip() == "lose":
                cluster.remove_node(second, allow_graceful=False)
                print(f"{_SIGN}lost", flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
