"""Files of networks with an encoder of photos inside, beside the networks that they were made from."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from partly.cli.command_line import run
from partly.data.labels.part_sets import PartSet
from partly.errors import BadOption
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.fewshot.segmenters.kernel_segmenter import KernelSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.inference.export.network_facts import read_onnx_facts
from partly.inference.export.onnx_file import export_onnx
from partly.inference.segment.encoder_network import EncoderNetwork
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape
from partly.models.encoders.vgg16_encoder import VGG16, VGG16Shape
from partly.project.export_choices import ExportChoice
from partly.project.export_verb import network_file
from tests.inference.export.encoder_networks import (
    SIDE_PX,
    WIDTH,
    encoder_network,
    lively_segmenter,
    tiny_encoder,
)
from tests.inference.export.networks import PARTS, lively_network

KINDS = [RidgeSegmenter, HeadSegmenter]


def bytes_of(*shape, seed=1):
    blocks = np.random.default_rng(seed).integers(0, 256, (shape[0], shape[1] // 7, shape[2] // 7, 3))
    return blocks.astype(np.uint8).repeat(7, axis=1).repeat(7, axis=2)


def logits_of(network, images):
    with torch.inference_mode():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1).numpy()


def outputs_of(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits", "label_map"], {"images": images})


def assert_says_the_same(network, path, size):
    n_labels = set()
    for n_photos in (1, 3):
        images = bytes_of(n_photos, *size)
        expected = logits_of(network, images)
        logits, label_map = outputs_of(path, images)
        assert logits.dtype == np.float32
        assert logits.shape == expected.shape == (n_photos, PARTS.n_parts, *size)
        assert np.abs(logits - expected).max() < 1e-3
        assert label_map.dtype == np.uint8
        assert np.array_equal(label_map, logits.argmax(1))
        n_labels |= set(label_map.ravel())
    assert len(n_labels) > 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_fast", [False, True])
def test_the_file_says_what_the_network_says(kind, with_fast, tmp_path):
    network = encoder_network(kind, with_fast=with_fast)
    network.segmenter.train()
    digest = network.digest
    file = export_onnx(network, tmp_path / "network.onnx")
    assert (network.segmenter.training, network.digest) == (True, digest)
    network.eval()
    assert 0 < file.largest_difference < 1e-3
    assert_says_the_same(network, file.path, (SIDE_PX, SIDE_PX))


@pytest.mark.parametrize("positions", ["offset", "antialiased"])
def test_photos_of_another_shape_and_encoders_with_registers(positions, tmp_path):
    network = encoder_network(with_fast=True, encoder=tiny_encoder(positions, 2))
    file = export_onnx(network, tmp_path / "network.onnx", size=(42, 98))
    assert_says_the_same(network, file.path, (42, 98))


def test_no_layout_takes_no_space(tmp_path):
    network = encoder_network(HeadSegmenter)
    large = export_onnx(network, tmp_path / "large.onnx")
    network.segmenter.layout.zero_()
    small = export_onnx(network, tmp_path / "small.onnx")
    # Logits are said at the size of the photo here.
    assert large.n_bytes - small.n_bytes > 0.95 * 4 * PARTS.n_parts * SIDE_PX**2
    assert_says_the_same(network, small.path, (SIDE_PX, SIDE_PX))


def test_other_programs_learn_the_only_size(tmp_path):
    network = encoder_network(with_fast=True)
    path = export_onnx(network, tmp_path / "network.onnx", size=(42, 98)).path
    facts = read_onnx_facts(path)
    assert PartSet.from_json(facts.pop("part_set")) == PARTS
    assert facts == {
        "schema_version": 1,
        "architecture": "DINOv2+RidgeSegmenter+unet-small",
        "digest": network.digest,
        "size_px": 98,
        "only_size_px": [42, 98],
        "preprocessing": {"channels": "RGB", "layout": "NHWC", "range": [0, 255]},
    }
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    values = [*model.graph.input, *model.graph.output]
    dims = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values]
    assert dims == [["batch", 42, 98, 3], ["batch", PARTS.n_parts, 42, 98], ["batch", 42, 98]]
    with pytest.raises(Exception, match="Got: 112 Expected: 98"):
        outputs_of(path, bytes_of(1, 42, 112))


def of(segmenter):
    return EncoderNetwork(tiny_encoder(), segmenter, PARTS)


def test_segmenters_without_an_export(tmp_path):
    kernel = KernelSegmenter(PARTS.n_parts, (0,), (WIDTH,), n_cosines=5)
    ensemble = EnsembleSegmenter([lively_segmenter(RidgeSegmenter), lively_segmenter(HeadSegmenter)])
    for segmenter, words in [(kernel, "a KernelSegmenter"), (ensemble, "an ensemble of segmenters")]:
        with pytest.raises(BadOption) as caught:
            export_onnx(of(segmenter), tmp_path / "network.onnx")
        assert str(caught.value) == (
            f"a network with {words} inside, which cannot be exported; expected one with a single segmenter "
            "by ridge regression, or with a trained head. Fit with --method photo-ridge or ridge alone, and "
            "make the network again."
        )
    assert not list(tmp_path.iterdir())


def test_encoders_without_an_export(tmp_path):
    network = EncoderNetwork(VGG16(VGG16Shape()), lively_segmenter(RidgeSegmenter), PARTS)
    with pytest.raises(
        BadOption, match=r"the encoder VGG16 inside, which cannot .* with a DINOv2\. Choose f"
    ):
        export_onnx(network, tmp_path / "network.onnx")


@pytest.mark.parametrize("size", [(112, 100), (0, 112), (-14, 14)])
def test_sizes_that_the_encoder_does_not_read(size, tmp_path):
    with pytest.raises(BadOption) as caught:
        export_onnx(encoder_network(), tmp_path / "network.onnx", size=size)
    assert str(caught.value) == (
        f"photos of {size[0]} x {size[1]} px; expected height and width that are multiples of 14, which the "
        "encoder reads."
    )


def test_auto_shot_networks_have_no_only_size(tmp_path):
    with pytest.raises(BadOption, match=r"whose file reads photos of any size\. Leave the size out"):
        export_onnx(lively_network("unet-small"), tmp_path / "network.onnx", size=(64, 64))


def test_the_better_network_of_a_project(make_project, capsys):
    project = make_project(part_set=PARTS)
    assert run(["export", str(project.folder), "--with", "best"]) == 1
    assert "has no best network yet. Run: partly distil" in capsys.readouterr().err
    encoder_network().save(project.best)
    assert run(["export", str(project.folder), "--with", "best", "--size", "42x98", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    file = project.best / "network.onnx"
    assert said["file"] == str(file) == str(network_file(project.folder, "best"))
    assert (said["only_size_px"], said["part_set"]) == ([42, 98], PARTS.to_json())
    file.unlink()
    # Its folder is enough.
    assert run(["export", str(project.best)]) == 0
    assert read_onnx_facts(file)["only_size_px"] == [SIDE_PX, SIDE_PX]
    assert run(["export", str(project.best), "--with", "best"]) != 0
    assert "a model folder, and --with best" in capsys.readouterr().err


def test_sizes_as_they_are_written():
    assert ExportChoice().size_px() is None
    assert ExportChoice(size="448").size_px() == (448, 448)
    assert ExportChoice(size="336x448").size_px() == (336, 448)
    for wrong in ("", "448px", "x448", "336x", "1x2x3", "-14", " 448"):
        with pytest.raises(
            BadOption, match=r"a size of '.*'; expected a side such as 448, or height x width"
        ):
            ExportChoice(size=wrong)


@pytest.mark.slow
def test_an_encoder_of_full_size(tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = DinoV2(DinoV2Shape()).eval()
        n_channels = [level.n_channels for level in encoder.levels]
        head = HeadSegmenter(PARTS.n_parts, range(len(n_channels)), n_channels).eval()
    network = EncoderNetwork(encoder, head, PARTS, lively_network("lite0-unet"))
    file = export_onnx(network, tmp_path / "network.onnx")
    assert 0 < file.largest_difference < 1e-3
    n_weights = sum(p.numel() for part in (encoder, head, network.fast) for p in part.parameters())
    assert file.n_bytes < 4.1 * n_weights
