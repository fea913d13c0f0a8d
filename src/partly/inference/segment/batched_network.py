"""A network on a GPU, which many threads ask: what they ask at once it answers in one batch."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from partly.data.labels import PartSet
from partly.inference.segment.segment_photo_file import PartNetwork
from partly.machine import FittingBatches, Machine

_MOST_IMAGES = 64
"""Images of a batch at first: a GPU is busy from fewer on, and memory holds more of 512 px."""
_NOT_AT_WORK = "the network is not at work any more"


@dataclass(frozen=True, eq=False)
class _Asked:
    images: Tensor
    answer: Future[Tensor]


class BatchedNetwork:
    """Answers as the network does, in its order of images, and from the machine that it is on.

    Calls of several threads, with images of one size, become one batch; a batch that does not fit into the
    device's memory is halved, and later ones are as small. It has one thread of its own while
    :meth:`at_work`.

    Args:
        network: on the machine's device, in eval mode.
        machine: says device and precision.
        most_images: images in a batch at first.
        on_halved: told the new number of images, and the error's words, once.

    Attributes:
        part_set: of the network.
        size_px: of the network.
        multiple_px: of the network; None: it reads squares.
        sees_filling: of the network: it is told what fills a photo up to a square.
    """

    def __init__(
        self,
        network: PartNetwork,
        machine: Machine,
        most_images: int = _MOST_IMAGES,
        on_halved: Callable[[int, str], None] | None = None,
    ) -> None:
        self.part_set: PartSet = network.part_set
        self.size_px: int = network.size_px
        self.multiple_px: int | None = getattr(network, "multiple_px", None)
        self.sees_filling = bool(getattr(network, "sees_filling", False))
        self._network, self._machine = network, machine
        self._asked: queue.Queue[_Asked | None] = queue.Queue()
        self._batches = FittingBatches(most_images, on_halved)
        self._most = most_images
        self._on_halved = on_halved
        self._is_over, self._ending = False, threading.Lock()

    def __call__(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, h, w]`` in [-1, 1] to logits ``[b, k, h, w]``, float32, on the machine's device.

        Raises:
            RuntimeError: it is not at work any more.
        """
        asked = _Asked(images, Future())
        with self._ending:
            if self._is_over:
                raise RuntimeError(_NOT_AT_WORK)
            self._asked.put(asked)
        return asked.answer.result()

    @cached_property
    def halves(self) -> tuple[BatchedNetwork, BatchedNetwork | None]:
        """Both halves of a network with an encoder inside, each with batches of its own."""
        of_network: tuple[Any, Any] | None = getattr(self._network, "halves", None)
        if of_network is None or of_network[1] is None:
            return self, None
        first, fast = (self._like(one) for one in of_network)
        return first, fast

    @property
    def share(self) -> float:
        """Of the fast half in the mean."""
        return float(getattr(self._network, "share", 0.5))

    @contextmanager
    def at_work(self) -> Iterator[BatchedNetwork]:
        """Calls are answered while the block runs."""
        ours = [one for one in {id(one): one for one in (self, *self.halves)}.values() if one is not None]
        threads = [threading.Thread(target=one._answer, name="partly-batches", daemon=True) for one in ours]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            for one in ours:
                one._asked.put(None)
            for thread in threads:
                thread.join()

    def _like(self, network: PartNetwork) -> BatchedNetwork:
        return BatchedNetwork(network, self._machine, self._most, self._on_halved)

    def _answer(self) -> None:
        later: list[_Asked] = []
        while True:
            first = later.pop(0) if later else self._asked.get()
            if first is None:
                self._refuse_others(later)
                return
            # What came for another size is first in line the next time.
            same, later = self._gathered(first, later)
            self._answer_together(same)

    def _refuse_others(self, waiting: Sequence[_Asked]) -> None:
        """Nobody waits for an answer that never comes."""
        left = [*waiting]
        with self._ending:
            self._is_over = True
            while not self._asked.empty():
                one = self._asked.get_nowait()
                left += [] if one is None else [one]
        for one in left:
            one.answer.set_exception(RuntimeError(_NOT_AT_WORK))

    def _gathered(self, first: _Asked, waiting: Sequence[_Asked]) -> tuple[list[_Asked], list[_Asked]]:
        """Those that can be answered with the first, and the others."""
        same, others = [first], list[_Asked]()
        arrived = [*waiting]
        while len(arrived) + 1 < self._batches.n:
            try:
                one = self._asked.get_nowait()
            except queue.Empty:
                break
            if one is None:
                self._asked.put(None)
                break
            arrived.append(one)
        for one in arrived:
            fits = one.images.shape[1:] == first.images.shape[1:]
            (same if fits else others).append(one)
        return same, others

    def _answer_together(self, asked: Sequence[_Asked]) -> None:
        try:
            images = torch.cat([one.images for one in asked])
            logits = torch.cat([found for _, found in self._batches.each(self._logits, images)])
            parts = logits.split([len(one.images) for one in asked])
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever asked
            for one in asked:
                one.answer.set_exception(error)
            return
        for one, part in zip(asked, parts, strict=True):
            one.answer.set_result(part)

    @torch.no_grad()
    def _logits(self, images: Tensor) -> Tensor:
        with self._machine.precision():
            logits: Tensor = self._network(images.to(self._machine.device))
        return logits.float()
