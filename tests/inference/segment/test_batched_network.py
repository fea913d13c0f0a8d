"""Threads that ask at once are answered in one batch."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from partly.data.photos.photo_sources import find_photos
from partly.inference.segment.batched_network import BatchedNetwork
from partly.inference.segment.segment_folder import segment_all
from partly.machine import PROCESSOR, Machine, MachineOptions
from tests.inference.segment.networks import PART_SET, ColourNetwork, PlaceNetwork
from tests.inference.segment.test_folder import photos, tree  # noqa: F401 - a fixture

HALVES = Machine(torch.device("cpu"), dtype=torch.bfloat16)


class Slow(ColourNetwork):
    """Waits in its first call until it may go on, so that those behind it are seen together."""

    def __init__(self, most=None):
        super().__init__()
        self.sizes, self.most = [], most
        self.entered, self.go = threading.Event(), threading.Event()

    def forward(self, images):
        self.entered.set()
        self.go.wait(10)
        if self.most is not None and len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried")
        self.sizes.append(len(images))
        return super().forward(images)


def asked_at_once(batched, network, images):
    with batched.at_work(), ThreadPoolExecutor(len(images)) as pool:
        futures = [pool.submit(batched, images[0])]
        assert network.entered.wait(10)
        futures += [pool.submit(batched, one) for one in images[1:]]
        deadline = time.monotonic() + 10
        while batched._asked.qsize() < len(images) - 1 and time.monotonic() < deadline:
            time.sleep(0.001)
        network.go.set()
        return [future.result(10) for future in futures]


def test_calls_become_batches_and_each_gets_its_own():
    network = Slow().eval()
    images = [torch.randn(n, 3, 4, 6) for n in (2, 1, 2, 3)]
    answers = asked_at_once(BatchedNetwork(network, PROCESSOR), network, images)
    for one, answer in zip(images, answers, strict=True):
        torch.testing.assert_close(answer, network.conv(one))
    assert sum(network.sizes) == 8
    assert network.sizes == [2, 6]


def test_images_of_other_sizes_wait_for_the_next_batch():
    network = Slow().eval()
    images = [torch.randn(1, 3, side, side) for side in (4, 6, 4, 6, 6)]
    answers = asked_at_once(BatchedNetwork(network, PROCESSOR), network, images)
    assert [answer.shape[-1] for answer in answers] == [4, 6, 4, 6, 6]
    assert sum(network.sizes) == 5


def test_batches_that_do_not_fit_are_halved_once_told():
    network, told = Slow(most=3).eval(), []
    images = [torch.randn(2, 3, 4, 4) for _ in range(6)]
    batched = BatchedNetwork(network, PROCESSOR, 12, lambda n, text: told.append((n, text)))
    answers = asked_at_once(batched, network, images)
    for one, answer in zip(images, answers, strict=True):
        torch.testing.assert_close(answer, network.conv(one))
    assert max(network.sizes) <= 3
    assert len(told) == 1


def test_an_error_is_raised_by_who_asked_and_the_next_call_is_answered():
    network = ColourNetwork().eval()
    with BatchedNetwork(network, PROCESSOR).at_work() as batched:
        with pytest.raises(RuntimeError, match="channels"):
            batched(torch.randn(1, 5, 4, 4))
        assert batched(torch.randn(1, 3, 4, 4)).shape == (1, 3, 4, 4)


def test_who_asks_when_it_is_over_is_refused_and_nobody_waits():
    network = Slow().eval()
    batched = BatchedNetwork(network, PROCESSOR, most_images=1)
    with ThreadPoolExecutor(3) as pool, batched.at_work():
        first = pool.submit(batched, torch.randn(1, 3, 4, 4))
        assert network.entered.wait(10)
        batched._asked.put(None)  # as at the end of the block, while others ask
        late = pool.submit(batched, torch.randn(1, 3, 4, 4))
        while batched._asked.qsize() < 2:
            time.sleep(0.001)
        network.go.set()
        assert first.result(10).shape == (1, 3, 4, 4)
        with pytest.raises(RuntimeError, match="not at work any more"):
            late.result(10)
    with pytest.raises(RuntimeError, match="not at work any more"):
        batched(torch.randn(1, 3, 4, 4))


def test_a_batch_that_cannot_be_put_together_is_an_error_of_who_asked(monkeypatch):
    network = ColourNetwork().eval()
    with BatchedNetwork(network, PROCESSOR).at_work() as batched:
        with monkeypatch.context() as short:
            short.setattr(torch, "cat", lambda *_: (_ for _ in ()).throw(MemoryError()))
            with pytest.raises(MemoryError):
                batched(torch.randn(1, 3, 4, 4))
        assert batched(torch.randn(1, 3, 4, 4)).shape == (1, 3, 4, 4)


def test_ctrl_c_while_threads_wait_for_the_network_ends_the_run(photos, tmp_path):  # noqa: F811
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment_all(
            ColourNetwork(), find_photos(photos), tmp_path / "out", machine=HALVES, at_once=4, progress=stop
        )
    assert not [
        one for one in threading.enumerate() if one.name.startswith(("partly-photos", "partly-batches"))
    ]


def test_both_halves_of_a_network_are_batched():
    class Two:
        part_set, size_px, multiple_px, share = PART_SET, 16, 2, 0.25

        @property
        def halves(self):
            return ColourNetwork(), PlaceNetwork()

    with BatchedNetwork(Two(), PROCESSOR).at_work() as batched:
        first, fast = batched.halves
        assert batched.share == 0.25
        assert (batched.multiple_px, fast.multiple_px) == (2, None)
        assert first(torch.zeros(1, 3, 2, 2)).shape == fast(torch.zeros(1, 3, 2, 2)).shape


def test_the_network_computes_in_the_precision_of_the_machine():
    seen = []

    class Seeing(nn.Module):
        part_set, size_px = PART_SET, 16

        def forward(self, images):
            seen.append((images @ images).dtype)
            return images

    with BatchedNetwork(Seeing(), HALVES).at_work() as batched:
        assert batched(torch.ones(1, 3, 4, 4)).dtype == torch.float32
    assert seen == [torch.bfloat16]


def test_a_folder_on_another_machine(photos, tmp_path):  # noqa: F811
    machine = Machine.for_inference(MachineOptions(device="cpu", precision="bfloat16"))
    plain = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "plain")
    halves = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "halves", machine=machine)
    assert halves.segmented == plain.segmented
    labels = [
        {name: data for name, data in tree(tmp_path / out).items() if name.startswith("labels")}
        for out in ("plain", "halves")
    ]
    # Colours are far apart, so that the rounding of halves changes no label.
    assert labels[0] == labels[1]


def test_entries_say_on_what_they_were_made_and_are_kept_elsewhere(photos, tmp_path):  # noqa: F811
    def entries():
        return json.loads((tmp_path / "areas.json").read_text())["photos"]

    segment_all(ColourNetwork(), find_photos(photos), tmp_path, machine=HALVES)
    assert {entry["made_on"] for entry in entries()} == {"cpu, bfloat16"}
    # The machine is information: what it made is not made anew by another.
    again = segment_all(ColourNetwork(), find_photos(photos), tmp_path)
    assert again.segmented == ()
    assert {entry["made_on"] for entry in entries()} == {"cpu, bfloat16"}
    segment_all(ColourNetwork(), find_photos(photos), tmp_path / "plain")
    assert "made_on" not in (tmp_path / "plain" / "areas.json").read_text()
