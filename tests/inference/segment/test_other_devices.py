"""Networks with an encoder inside, on a device that is not the processor."""

import copy

import pytest
import torch
import torch.nn.functional as F

from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sources import find_photos
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.teacher import Teacher
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.inference.segment.encoder_network import EncoderNetwork
from partly.inference.segment.part_probabilities import upsampled_strips
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.teacher_segmentation import segment_by_teacher
from partly.machine import Machine
from partly.models.encoders.dinov2_encoder import DinoV2
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.device_with_values import device_with_values
from tests.fake_device import another_device
from tests.fakes import TINY_ENCODER, TWO_PARTS, thing_photo, tiny_encoder

WIDTHS = [TINY_ENCODER.width] * 3


def network(kind, encoder=None, with_fast=True):
    fast = AutoShotNetwork("unet-small", TWO_PARTS, 64) if with_fast else None
    segmenter = kind(2, range(3), WIDTHS)
    return EncoderNetwork(encoder or tiny_encoder(), segmenter, TWO_PARTS, fast, 0.3).eval()


@pytest.mark.parametrize("kind", [HeadSegmenter, RidgeSegmenter])
def test_forward_and_backward(kind):
    with another_device() as device:
        there = network(kind, DinoV2(TINY_ENCODER)).to(device)
        images = torch.zeros(2, 3, 56, 84, device=device)
        logits = there(images)
        assert logits.device == device
        torch.autograd.backward(logits.square().sum())
        gradients = [p.grad for p in there.parameters() if p.grad is not None]
        assert gradients
        assert {gradient.device for gradient in gradients} == {device}


def test_it_says_the_same_of_kept_features_too(tmp_path):
    torch.manual_seed(0)
    here = network(HeadSegmenter, with_fast=False)
    images = torch.rand(1, 3, 56, 84) * 2 - 1
    here.store = store = FeatureStore(tmp_path)
    with torch.no_grad():
        wanted = here.of_photo(images, "a" * 64)
        with device_with_values() as device:
            there = copy.deepcopy(here).to(device)
            made = there.of_photo(images.to(device), "a" * 64).cpu()
            store.keep(_source(here), "a" * 64, here.encoder.read(images))
            kept = there.of_photo(images.to(device), "a" * 64).cpu()
    torch.testing.assert_close(made, wanted, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(kept, wanted, rtol=1e-3, atol=1e-3)


def test_a_teacher_on_another_device_segments_its_photos(tmp_path):
    write_png(tmp_path / "photos" / "0.png", thing_photo(60, 80, 0))
    photos = find_photos(tmp_path / "photos").sources
    features = PhotoFeatures(tiny_encoder(), photos)
    picture = features.picture("0.png")
    torch.manual_seed(0)
    segmenter = HeadSegmenter(2, range(3), WIDTHS).eval().requires_grad_(False)
    teacher = Teacher(segmenter, TWO_PARTS).reading(features)
    wanted = segment_by_teacher(teacher, picture).label_map
    with device_with_values() as device:
        found = segment_by_teacher(teacher.on(Machine(device)), picture).label_map
        teacher.to("cpu")
    assert (found == wanted).mean() > 0.99


def _source(network):
    from partly.fewshot.features.photo_features import photo_source_digest

    return photo_source_digest(network.encoder, "whole")


def test_what_apples_gpus_cannot_smooth_goes_to_the_processor(monkeypatch):
    monkeypatch.setattr("partly.machine.limits_of_mps.LIMITED", frozenset({"meta"}))
    true, smoothed = F.interpolate, []

    def interpolate(maps, *how, **others):
        if others.get("antialias"):
            smoothed.append(maps.device.type)
        return true(maps, *how, **others)

    monkeypatch.setattr(F, "interpolate", interpolate)
    torch.manual_seed(0)
    here = network(HeadSegmenter)
    images, logits = torch.rand(1, 3, 56, 84) * 2 - 1, torch.randn(2, 12, 16)
    with torch.no_grad():
        wanted = here(images)
        [wanted_strip] = upsampled_strips(logits, 7, 9)
        smoothed.clear()
        with device_with_values() as device:
            found = copy.deepcopy(here).to(device)(images.to(device))
            [strip] = upsampled_strips(logits.to(device), 7, 9)
    assert smoothed == ["cpu", "cpu"]
    assert found.device == strip.device == device
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-3, atol=1e-3)
    assert torch.equal(strip.cpu(), wanted_strip)


def test_a_folder_that_a_gpu_segments_leaves_the_network_where_it_is(tmp_path):
    write_png(tmp_path / "photos" / "0.png", thing_photo(60, 80, 0))
    photo = tmp_path / "photos" / "0.png"
    torch.manual_seed(0)
    here = network(HeadSegmenter)
    before = here.segment(photo).label_map
    with device_with_values() as device:
        # Without photos: threads of the batches know nothing of this device.
        segment_all(here, [], tmp_path / "out", machine=Machine(device))
    assert {tensor.device.type for tensor in here.state_dict().values()} == {"cpu"}
    assert (here.segment(photo).label_map == before).all()


def test_networks_that_share_an_encoder_are_moved_apart():
    torch.manual_seed(0)
    here = network(HeadSegmenter)
    fast, first = here.for_inference(), here.halves[0]
    # Nothing is copied for work where it lies.
    assert fast.encoder is first.encoder is here.encoder
    with device_with_values() as device:
        fast.to(device)
        assert {parameter.device for parameter in fast.parameters()} == {device}
        assert {parameter.device.type for parameter in here.parameters()} == {"cpu"}
        other = here.for_inference()
        here.to(device)
        assert {parameter.device.type for parameter in other.parameters()} == {"cpu"}
        assert {parameter.device.type for parameter in first.parameters()} == {"cpu"}
        here.to("cpu")
