"""What can be chosen about who does a large work. Without torch."""

from __future__ import annotations

from dataclasses import dataclass

from partly.machine.executors import Executor, Here
from partly.machine.shares import Share
from partly.storage import check_options, option


@dataclass(frozen=True)
class SpreadOptions:
    """Which machines do the work: this one, a share of many, or a cluster of Ray."""

    share: str | None = option(
        None,
        "Do this share of the work only, such as 3/16, the third of sixteen: for batch systems such as "
        "Slurm. All machines share a disk.",
        metavar="K/N",
    )
    ray: str | None = option(
        None,
        "Do the work on the processors of a cluster of Ray at this address, such as 10.0.0.1:6379; auto is "
        "the one that runs here, local begins one on this machine. Needs partly[ray].",
        metavar="ADDRESS",
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.share is not None:
            Share.parse(self.share)

    @property
    def the_share(self) -> Share:
        """Which pieces are done; all where no share is asked for."""
        return Share() if self.share is None else Share.parse(self.share)

    def executor_of(self, n_workers: int | None, usual_workers: int = 1) -> Executor:
        """Who does the pieces.

        Args:
            n_workers: processes, or workers of the cluster at most; None: as is usual.
            usual_workers: processes where their number is not asked for.

        Raises:
            NotAvailable: Ray is not installed.
        """
        if self.ray is not None:
            from partly.machine.ray_executor import Ray

            return Ray(self.ray, n_workers)
        from partly.machine.process_executor import Processes

        n_workers = n_workers or usual_workers
        return Here() if n_workers == 1 else Processes(n_workers)


@dataclass(frozen=True)
class WorkOptions(SpreadOptions):
    """Who does the work: processes of this machine, and which machines."""

    n_workers: int | None = option(
        None,
        "Processes of this machine that share the work, and its processors; with --ray, workers of the "
        "cluster at most.",
        flag="--workers",
        at_least=1,
    )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for: this process does all the work."""
        return self == WorkOptions()

    def executor(self, usual_workers: int = 1) -> Executor:
        """Who does the pieces; see :meth:`executor_of`."""
        return self.executor_of(self.n_workers, usual_workers)
