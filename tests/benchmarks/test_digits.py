import gzip
import struct

import numpy as np
import pytest
import torch
from benchmarks.digits import Digits, named, pictures_of_classes, read_digits, train_classifier, variety

from partly.models.generators.dcgan_generator import DCGAN, DCGANShape


def bars(n: int) -> Digits:
    """Upright bars and lying ones, at any place."""
    images, classes = torch.full((n, 1, 16, 16), -1.0), torch.arange(n) % 2
    places = torch.randint(2, 14, (n,), generator=torch.Generator().manual_seed(0))
    for image, place, lies in zip(images, places, classes, strict=True):
        (image[:, place] if lies else image[:, :, place]).fill_(1)
    return Digits(images, classes)


def test_the_classifier_learns_and_names():
    digits = bars(512)
    network = train_classifier(digits, 2, 3)
    assert (named(network, digits.images) == digits.classes).float().mean() > 0.98


def test_pictures_are_asked_for_by_class_and_classes_come_alike():
    torch.manual_seed(0)
    generator = DCGAN(DCGANShape(16, 4, 4, classes=("0", "1", "2"))).eval()
    made = pictures_of_classes(generator, 9)
    assert made.classes.tolist() == [0, 1, 2] * 3
    assert made.images.shape == (9, 1, 16, 16)
    for place, name in enumerate(generator.classes):
        w = generator.map(torch.zeros(1, 4), torch.eye(3)[[place]])
        assert w[0, 0, 4:].argmax() == place, name


def test_variety_is_that_within_classes():
    images = torch.stack([torch.full((1, 2, 2), float(value)) for value in (0, 0, 1, 1)])
    assert variety(Digits(images, torch.tensor([0, 0, 1, 1]))) == 0
    assert variety(Digits(images, torch.tensor([0, 1, 0, 1]))) == pytest.approx(0.5**0.5)


def test_files_are_read_as_the_training_reads_them(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    photos, labels = tmp_path / "photos.gz", tmp_path / "labels.gz"
    photos.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 4, 28, 28) + pixels.tobytes()))
    labels.write_bytes(gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 4) + bytes([7, 1, 7, 1])))
    digits = read_digits(photos, labels, ("1", "7"), 28)
    assert digits.classes.tolist() == [1, 0, 1, 0]
    torch.testing.assert_close((digits.images[:, 0] + 1) * 127.5, torch.from_numpy(pixels).float())
