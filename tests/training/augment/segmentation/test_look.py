import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from partly.training.augment.segmentation.backdrop_and_occlusion import occlude, rectangle_masks
from partly.training.augment.segmentation.camera_degradation import (
    add_noise,
    gaussian_blur,
    gaussian_kernels,
    low_resolution,
)
from partly.training.augment.segmentation.colour_jitter import (
    LUMA,
    colour_transform,
    gamma_curve,
    hue_matrices,
    saturation_matrices,
)
from partly.training.augment.segmentation.jpeg_blocks import jpeg, quantisation_tables
from partly.training.segmentation.labelled_pictures import resized
from tests.device_with_values import device_with_values


def smooth_pictures(n=2, size_px=32):
    coarse = torch.rand(n, 3, 4, 4, generator=torch.Generator().manual_seed(3)) * 1.6 - 0.8
    return torch.nn.functional.interpolate(coarse, (size_px, size_px), mode="bilinear")


def test_no_saturation_is_grey_of_the_same_brightness():
    images = smooth_pictures()
    grey = colour_transform(images, saturation_matrices(torch.zeros(2)), torch.zeros(2, 3))
    brightness = torch.einsum("c,bchw->bhw", torch.tensor(LUMA), images)
    assert torch.allclose(grey, brightness[:, None].expand(-1, 3, -1, -1), atol=1e-5)


def test_full_saturation_and_no_turn_of_hue_change_nothing():
    identity = torch.eye(3).expand(2, 3, 3)
    assert torch.allclose(saturation_matrices(torch.ones(2)), identity)
    assert torch.allclose(hue_matrices(torch.zeros(2)), identity, atol=1e-6)


def test_a_third_of_a_turn_sends_red_to_green_and_leaves_grey():
    turn = hue_matrices(torch.tensor([2 * math.pi / 3]))[0]
    assert torch.allclose(turn @ torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0]), atol=1e-6)
    assert torch.allclose(turn @ torch.ones(3), torch.ones(3), atol=1e-6)


def test_colours_stay_within_range():
    images = colour_transform(smooth_pictures(1), 5 * torch.eye(3)[None], torch.zeros(1, 3))
    assert images.min() == -1
    assert images.max() == 1


def test_gamma_below_one_lightens_and_keeps_black_and_white():
    images = torch.tensor([-1.0, 0.0, 1.0]).expand(1, 3, 1, 3)
    values = gamma_curve(images, torch.tensor([0.5]))[0, 0, 0]
    assert values.tolist() == pytest.approx([-1, 2 * math.sqrt(0.5) - 1, 1])
    assert images[0, 0, 0, 1] == 0  # what it was given is not changed


def test_kernels_sum_to_one_and_have_the_asked_for_width():
    kernels = gaussian_kernels(torch.tensor([0.8, 2.0]))
    distances = torch.arange(kernels.shape[1]) - kernels.shape[1] // 2
    assert torch.allclose(kernels.sum(1), torch.ones(2))
    assert (kernels * distances**2).sum(1).sqrt().tolist() == pytest.approx([0.8, 2.0], rel=0.03)


def test_blur_is_each_pictures_own():
    images = torch.rand(2, 3, 16, 16)
    blurred = gaussian_blur(images, torch.tensor([1e-4, 3.0]))
    assert torch.allclose(blurred[0], images[0], atol=1e-5)
    assert blurred[1].std() < 0.3 * images[1].std()
    constant = torch.full((1, 3, 8, 8), 0.7)
    assert torch.allclose(gaussian_blur(constant, torch.tensor([2.0])), constant, atol=1e-5)


def test_low_resolution_keeps_size_and_mean_and_loses_detail():
    images = torch.rand(2, 3, 32, 32)
    changed = low_resolution(images, torch.tensor([1.0, 4.0]))
    assert torch.allclose(changed[0], images[0], atol=1e-5)
    assert changed[1].std() < 0.5 * images[1].std()
    assert changed[1].mean().item() == pytest.approx(images[1].mean().item(), abs=0.02)


def test_what_apples_gpus_cannot_smooth_goes_to_the_processor(monkeypatch):
    monkeypatch.setattr("partly.machine.limits_of_mps.LIMITED", frozenset({"meta"}))
    true, smoothed = torch.nn.functional.interpolate, []

    def interpolate(maps, *how, **others):
        if others.get("antialias"):
            smoothed.append(maps.device.type)
        return true(maps, *how, **others)

    monkeypatch.setattr(torch.nn.functional, "interpolate", interpolate)
    images, factors = torch.rand(2, 3, 32, 32), torch.tensor([1.5, 4.0])
    wanted = low_resolution(images, factors), resized(images, 20)
    smoothed.clear()
    with device_with_values() as device:
        there = images.to(device)
        found = low_resolution(there, factors), resized(there, 20)
        assert {one.device for one in found} == {device}
        for one, other in zip(wanted, found, strict=True):
            assert torch.equal(other.cpu(), one)
    assert smoothed == ["cpu"] * 3


def test_noise_has_the_asked_for_deviation():
    noisy = add_noise(torch.zeros(2, 3, 64, 64), torch.tensor([0.0, 0.1]), torch.Generator().manual_seed(0))
    assert (noisy[0] == 0).all()
    assert noisy[1].std().item() == pytest.approx(0.1, rel=0.03)


def test_rectangles_hide_what_they_should():
    masks = rectangle_masks(200, 32, 0.5, torch.Generator().manual_seed(0))
    shares = masks.float().mean(dim=(1, 2, 3))
    assert shares.max() <= 0.3  # half the side at most, and a pixel's width of rounding
    hidden = occlude(torch.zeros(200, 3, 32, 32), masks, torch.ones(200, 3))
    assert torch.equal(hidden[:, :1] == 1, masks)


@pytest.mark.parametrize("quality", [10, 50, 75, 95])
def test_quantisation_tables_are_those_of_libjpeg(quality):
    written = io.BytesIO()
    Image.new("RGB", (16, 16)).save(written, "JPEG", quality=quality)
    theirs = Image.open(written).quantization
    luma, chroma = quantisation_tables(torch.tensor([float(quality)]))
    assert luma[0].int().tolist() == theirs[0]
    assert chroma[0].int().tolist() == theirs[1]


@pytest.mark.parametrize("quality", [10, 40, 90])
def test_jpeg_looks_like_that_of_libjpeg(quality):
    noise = torch.randn(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    images = smooth_pictures(1, 48) + 0.1 * noise
    pixels = ((images.clamp(-1, 1)[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=quality, subsampling="4:2:0")
    theirs = np.asarray(Image.open(written)).astype(float)
    given = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    ours = (jpeg(given, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy() + 1) * 127.5
    error_of_theirs = np.abs(theirs - pixels).mean()
    # Their decoder interpolates chroma where ours repeats it: alike, not the same.
    assert np.abs(ours - theirs).mean() < 0.35 * error_of_theirs + 0.6
    assert np.abs(ours - pixels).mean() == pytest.approx(error_of_theirs, rel=0.15)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(1, 100))
def test_jpeg_of_any_size_stays_in_range(height_px, width_px, quality):
    images = jpeg(torch.rand(1, 3, height_px, width_px) * 2 - 1, torch.tensor([quality]))
    assert images.shape == (1, 3, height_px, width_px)
    assert images.abs().max() <= 1


def test_best_quality_keeps_a_grey_picture():
    images = smooth_pictures().mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert (jpeg(images, torch.tensor([100.0, 100.0])) - images).abs().mean() < 0.5 / 127.5
