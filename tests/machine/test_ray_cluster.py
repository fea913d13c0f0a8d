"""Work on a real cluster of Ray of two nodes on this machine; ``make test-ray``."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from benchmarks.ray_cluster import RunningCluster, two_nodes
from benchmarks.ray_nodes import draw_tars

from partly.data.labels.part_sets import FACE_PARTS
from partly.errors import NotAvailable, PartlyError
from partly.inference.segment.segment_options import TarOptions
from partly.inference.segment.segment_plans import plan_segmenting, segment_many
from partly.inference.segment.segment_records import Progress
from partly.machine.ray_executor import Ray
from partly.machine.work_options import SpreadOptions, WorkOptions
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled, synthesise_share
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from tests.inference.segment.networks import ColourNetwork
from tests.machine.works import Fail, Write
from tests.synthesis import tiny

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs partly[ray]"),
]

PIECES = ["one", "two", "three", "four", "five", "six"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    with two_nodes() as running:
        yield running


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.tar")}


def test_each_piece_is_done_once(cluster: RunningCluster, tmp_path: Path) -> None:
    news: list[str] = []
    done = list(Ray(cluster.address).run(Write(tmp_path), PIECES, lambda piece, letter: news.append(letter)))
    assert sorted(done) == sorted(PIECES)
    assert sorted(news) == sorted("".join(PIECES))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {p: f"{p}\n" for p in PIECES}


def test_a_piece_whose_actor_is_killed_is_done_anew(cluster: RunningCluster, tmp_path: Path) -> None:
    done = list(Ray(cluster.address).run(Write(tmp_path, killed_once=("two",)), PIECES))
    assert sorted(done) == sorted(PIECES)
    assert {path.name for path in tmp_path.iterdir()} == {*PIECES, "two.killed"}


def test_a_piece_that_kills_its_actors_is_named(cluster: RunningCluster, tmp_path: Path) -> None:
    with pytest.raises(PartlyError, match="workers died 3 times at the same piece: two"):
        list(Ray(cluster.address).run(Write(tmp_path, killed_always=("two",)), PIECES))


def test_errors_of_actors_are_raised_here(cluster: RunningCluster) -> None:
    with pytest.raises(NotAvailable, match=r"^the network is gone\. Get it again\.$"):
        list(Ray(cluster.address).run(Fail("mendable"), PIECES))


def test_labelled_pictures_have_the_bytes_of_one_process(cluster: RunningCluster, tmp_path: Path) -> None:
    config = SynthesisConfig(n_pictures=7, size_px=16, label_px=8, seed=3, pictures_per_shard=2)
    synthesise_labelled(tiny.load(), config, Place.within(tmp_path / "one"))
    spread = SpreadOptions(ray=cluster.address)
    place = Place.within(tmp_path / "two")
    synthesise_share(tiny.load(), config, place, spread, load_teacher=tiny.load, n_workers=None)
    assert len(files(tmp_path / "one")) == 8
    assert files(tmp_path / "two") == files(tmp_path / "one")


def segment(tars: list[Path], out: Path, work: WorkOptions, progress: Any = None) -> None:
    plan = plan_segmenting(tars, out, TarOptions(), max_pages=1)
    segment_many(ColourNetwork(), ColourNetwork, plan, out, work, progress=progress)


def test_a_node_that_is_lost_changes_no_file(tmp_path: Path) -> None:
    tars = draw_tars(tmp_path / "photos", 8, 3)
    segment(tars, tmp_path / "one", WorkOptions(n_workers=1))
    n_told = []
    with two_nodes() as running:

        def lose(progress: Progress) -> None:
            n_told.append(progress.n_done)
            if len(n_told) == 7:  # in the third tar
                running.lose_a_node()

        segment(tars, tmp_path / "two", WorkOptions(ray=running.address), lose)
    assert len(n_told) >= 24
    assert len(files(tmp_path / "one")) == 8
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_a_cluster_of_this_machine_alone_writes_nothing_but_the_result(tmp_path: Path) -> None:
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(tmp_path / "network")
    draw_tars(tmp_path, 2, 2)
    words = ["segment", "network", "photos-000.tar", "photos-001.tar", "--out", "out", "--json"]
    line = "from partly.cli.command_line import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", line, *words, "--ray", "local", "--workers", "2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["segmented"]) == 4
    assert "ray" not in done.stderr.lower()
    with tarfile.open(tmp_path / "out" / "photos-000.tar") as archive:
        assert archive.getnames()[:2] == ["000-0000.png", "000-0000.json"]
