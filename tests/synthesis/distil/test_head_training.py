"""A head on an encoder's features, and the network that it is part of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from partly.data.labels.part_sets import PartSet
from partly.errors import BadModelFile, BadOption
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.fitting.segmenter_folders import load_segmenter, save_segmenter
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.inference.segment.encoder_network import EncoderNetwork, load_part_network
from partly.inference.segment.segment_photo_file import segment_photo
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.synthesis.distil.encoded_pictures import EncodedPictures, PictureReader
from partly.synthesis.distil.head_training import HeadConfig, train_head
from partly.training.segmentation.labelled_pictures import ArrayPictures
from tests.training.contract import TrainingContract

PARTS = PartSet.from_names(("background", "red", "left"))
QUICK = HeadConfig(n_steps=60, batch_size=4, label_px=16, learning_rate=1e-2)


@pytest.fixture(scope="module")
def encoder() -> DinoV2:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DinoV2(DinoV2Shape(24, 4, 2, grid=4, image_size_px=112))
        # Layer scale as it begins would leave nothing but colours and places.
        return network.eval().requires_grad_(False)


def scene(seed: int, height: int = 64, width: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Grey noise with a red square somewhere: pixels, and where it is."""
    draws = np.random.default_rng(seed)
    pixels = np.repeat(draws.integers(80, 120, (height, width, 1), np.uint8), 3, axis=2)
    top, left = draws.integers(0, (height // 2, width // 2))
    label_map = np.zeros((height, width), np.uint8)
    label_map[top : top + height // 2, left : left + width // 2] = 1
    pixels[label_map == 1] = (220, 30, 30)
    return pixels, label_map


def pictures(n: int) -> ArrayPictures:
    scenes = [scene(seed) for seed in range(n)]
    images = torch.from_numpy(np.stack([pixels for pixels, _ in scenes])).permute(0, 3, 1, 2)
    maps = torch.from_numpy(np.stack([label_map for _, label_map in scenes])).long()
    logits = 8 * torch.nn.functional.one_hot(maps, 3).permute(0, 3, 1, 2).float()
    return ArrayPictures(images, logits)


@pytest.fixture
def data(encoder: DinoV2, tmp_path: Path) -> EncodedPictures:
    return EncodedPictures(pictures(12), PictureReader(encoder, FeatureStore(tmp_path / "features")))


@pytest.fixture(scope="module")
def head(encoder: DinoV2, tmp_path_factory: pytest.TempPathFactory) -> HeadSegmenter:
    store = FeatureStore(tmp_path_factory.mktemp("features"))
    return train_head(EncodedPictures(pictures(12), PictureReader(encoder, store)), (0, 1, 2), QUICK)


def test_a_head_learns_what_is_said_of_pictures(encoder: DinoV2, head: HeadSegmenter) -> None:
    network = EncoderNetwork(encoder, head, PARTS)
    for height, width in [(64, 64), (50, 90)]:
        pixels, truth = scene(99, height, width)
        said = network.segment(pixels)
        assert said.label_map.shape == (height, width)
        assert (said.label_map == truth).mean() > 0.85


def test_each_picture_is_encoded_once(data: EncodedPictures) -> None:
    told = []
    data.encode(lambda report: told.append(report.n_done))
    assert told == list(range(1, 13))
    pyramid, logits, weights = data.read([3, 1])
    straight = data.reader.encoder.read(
        torch.nn.functional.interpolate(
            data.pictures.read([3])[0].float() / 127.5 - 1, (112, 112), mode="bilinear"
        )
    )
    torch.testing.assert_close(pyramid.maps[-1][:1], straight.maps[-1], atol=2e-2, rtol=2e-2)
    assert torch.equal(logits, data.pictures.read([3, 1])[1])
    assert weights.tolist() == [1, 1]
    n_bytes = data.reader.store.n_bytes
    assert n_bytes > 0
    data.encode()
    assert data.reader.store.n_bytes == n_bytes


class TestContract(TrainingContract):
    refused: ClassVar = {"seed": "seed 0, not 1", "number": "number of pictures 12, not 10"}
    diverged = (
        "the loss is nan at step 3; expected a finite number. Train with a lower learning rate (now 0.01); "
        "the last good checkpoint is kept"
    )
    in_portions = True

    @classmethod
    def train(cls, change="", **how):
        config = replace(QUICK, n_steps=6, checkpoint_every_s=0.0, seed=int(change == "seed"))
        shown = pictures(10 if change == "number" else 12)
        if change == "diverging":
            how["on_step"] = lambda report: report.step == 3 and shown.logits.fill_(float("nan"))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            reader = DinoV2(DinoV2Shape(24, 4, 2, grid=4, image_size_px=112)).eval().requires_grad_(False)
        kept = EncodedPictures(shown, Remembering(reader))
        return [train_head(kept, (0, 2, 1), config, **how)]


class Remembering:
    """Reads each picture once, and keeps its features in memory."""

    def __init__(self, encoder):
        self.encoder, self.kept = encoder, {}

    def pyramid(self, image):
        key = image.contiguous().numpy().tobytes()
        if key not in self.kept:
            shown = torch.nn.functional.interpolate(image[None].float() / 127.5 - 1, (112, 112))
            self.kept[key] = self.encoder.read(shown)
        return self.kept[key]


def test_one_picture_is_too_few(encoder: DinoV2, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="there are 1 labelled pictures; expected 2 or more"):
        train_head(
            EncodedPictures(pictures(1), PictureReader(encoder, FeatureStore(tmp_path))), (0, 1, 2), QUICK
        )


def test_heads_have_model_folders(head: HeadSegmenter, tmp_path: Path) -> None:
    save_segmenter(tmp_path, head, PARTS, {})
    kept = load_segmenter(tmp_path)[0]
    assert isinstance(kept, HeadSegmenter)
    assert kept.arguments() == head.arguments()
    for name, tensor in head.state_dict().items():
        assert torch.equal(kept.state_dict()[name], tensor)


def fast_network() -> AutoShotNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AutoShotNetwork("unet-small", PARTS, 32).eval().requires_grad_(False)


def test_both_together_are_the_mean_of_their_log_probabilities(encoder: DinoV2, head: HeadSegmenter) -> None:
    fast = fast_network()
    images = torch.rand(2, 3, 56, 112) * 2 - 1
    alone = EncoderNetwork(encoder, head, PARTS)(images).log_softmax(1)
    shrunk = torch.nn.functional.interpolate(images, (16, 32), mode="bilinear", antialias=True)
    by_fast = torch.nn.functional.interpolate(fast(shrunk), (56, 112), mode="bilinear").log_softmax(1)
    both = EncoderNetwork(encoder, head, PARTS, fast, 0.25)(images)
    torch.testing.assert_close(both, 0.75 * alone + 0.25 * by_fast)


@pytest.mark.parametrize("with_fast", [True, False])
def test_networks_with_an_encoder_are_kept(
    encoder: DinoV2, head: HeadSegmenter, tmp_path: Path, with_fast: bool
) -> None:
    network = EncoderNetwork(encoder, head, PARTS, fast_network() if with_fast else None)
    network.save(tmp_path / "best", {"parents": {"few_shot_sha256": "a"}})
    kept = load_part_network(tmp_path / "best")
    assert isinstance(kept, EncoderNetwork)
    assert kept.digest == network.digest
    pixels = scene(7, 60, 80)[0]
    expected = segment_photo(network, pixels, refine=True)
    assert np.array_equal(
        segment_photo(kept.for_inference(), pixels, refine=True).label_map, expected.label_map
    )
    other = HeadSegmenter(3, range(4), [24] * 4)
    save_segmenter(tmp_path / "best" / "segmenter", other, PARTS, {})
    with pytest.raises(BadModelFile, match=r"holds another segmenter than it was saved with; .*Make the"):
        load_part_network(tmp_path / "best")


def test_auto_shot_networks_are_read_too(tmp_path: Path) -> None:
    fast_network().save(tmp_path)
    assert isinstance(load_part_network(tmp_path), AutoShotNetwork)


def test_what_does_not_belong_together_is_refused(encoder: DinoV2, head: HeadSegmenter) -> None:
    others = AutoShotNetwork("unet-small", PartSet.from_names(("background", "a", "b")), 32)
    with pytest.raises(BadOption, match="a fast network of other parts; expected background, red, left"):
        EncoderNetwork(encoder, head, PARTS, others)
    with pytest.raises(BadOption, match=r"a share of 1\.5; expected 0 to 1"):
        EncoderNetwork(encoder, head, PARTS, None, 1.5)
