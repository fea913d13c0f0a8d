import numpy as np
import pytest
import torch

from partly.models.feature_pyramid import FeaturePyramid
from partly.models.generators.generator_protocol import Synthesis
from partly.models.generators.picture_pixels import images_of, pixels_of, to_bytes

PYRAMID = FeaturePyramid((torch.zeros(1, 1, 4, 4),))


def test_values_beyond_the_range_are_held_back():
    images = images_of(Synthesis(torch.tensor([-3.0, 0.25, 2.0]).view(1, 3, 1, 1), PYRAMID))
    assert images.flatten().tolist() == [-1, 0.25, 1]


def test_without_pictures():
    with pytest.raises(TypeError, match="the generator gave no picture"):
        images_of(Synthesis(None, PYRAMID))


def test_bytes_are_rounded():
    assert to_bytes(torch.tensor([-1.0, -0.999, 0.0, 1.0])).tolist() == [0, 0, 128, 255]


def test_smaller_pictures_are_means_of_areas():
    images = torch.tensor([[-1.0, 1.0], [1.0, 1.0]]).expand(1, 3, 2, 2)
    assert to_bytes(images, 1).flatten().tolist() == [191] * 3


def test_the_first_picture_is_height_by_width_by_three():
    images = torch.stack([torch.full((3, 2, 4), -1.0), torch.ones(3, 2, 4)])
    images[0, 2, 1, 3] = 1
    pixels = pixels_of(Synthesis(images, PYRAMID))
    assert pixels.shape == (2, 4, 3)
    assert pixels.flags["C_CONTIGUOUS"]
    assert pixels[1, 3].tolist() == [0, 0, 255]
    assert np.count_nonzero(pixels) == 1
