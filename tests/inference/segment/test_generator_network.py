"""Photos segmented through their latents: exact where these are known, what fills a square, folders."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos import find_photos, write_png
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import FewShotConfig, fit_teacher
from partly.inference.invert import InvertOptions, chosen_distance
from partly.inference.segment import GeneratorNetwork, generator_network, segment_all, segment_photo
from partly.inference.segment.batched_network import BatchedNetwork
from partly.machine import PROCESSOR
from partly.models.generators import images_of, pixels_of, sample_w
from tests.fakes import TWO_PARTS, thing_annotation

PIXELS = chosen_distance("pixels").distance


class Known:
    """Knows the latents of pictures, as a perfect encoder would."""

    digest = "known"

    def __init__(self, w):
        self.w = w

    def check_generator(self, generator):
        """It is of any."""

    def latents(self, images):
        return self.w.expand(len(images), -1, -1)


@pytest.fixture(scope="module")
def teacher(generator):
    source, config = GeneratorFeatures(generator), FewShotConfig(n_statistics=4, n_self_training=0)
    return fit_teacher(source, [thing_annotation(generator, 0)], TWO_PARTS, config)


@pytest.fixture
def make(generator, teacher):
    def network(n_steps=3, encoder=None, **options):
        searching = InvertOptions(n_steps=n_steps, **options)
        return GeneratorNetwork(generator, teacher.segmenter, TWO_PARTS, searching, PIXELS, encoder)

    return network


def test_at_a_known_latent_it_says_what_the_segmenter_says(generator, teacher, make):
    w = sample_w(generator, 3, 1)
    made = generator.synthesise(w, features_px=64)
    network = make(0, Known(w))
    logits, pictures = network.with_pictures(images_of(made))
    torch.testing.assert_close(pictures, images_of(made))
    torch.testing.assert_close(logits, teacher.segmenter(made.pyramid, 64))
    found = segment_photo(network, pixels_of(made), mirror_average=False)
    assert np.array_equal(found.label_map, teacher.segmenter(made.pyramid, 64)[0].argmax(0).numpy())


def test_a_photo_of_another_shape_gets_labels_of_its_own_shape(generator, make):
    photo = np.random.default_rng(0).integers(0, 256, (50, 90, 3), np.uint8)
    assert segment_photo(make(1), photo, mirror_average=False).label_map.shape == (50, 90)
    assert segment_photo(make(1), photo, mirror_average=False, size_px=32).label_map.shape == (50, 90)


def test_what_fills_a_square_does_not_count(make):
    network, draws = make(4), torch.Generator().manual_seed(0)
    photo = torch.rand(1, 3, 64, 64, generator=draws) * 2 - 1
    inside = torch.zeros(1, 1, 64, 64)
    inside[..., 16:48, :] = 1
    other = torch.where(inside > 0, photo, -photo)
    first, second = (network(torch.cat([images, inside], 1)) for images in (photo, other))
    torch.testing.assert_close(first, second)
    assert not torch.allclose(network(photo), network(other), atol=1e-4)


def test_segmenting_tells_what_fills_the_square(make):
    network, seen = make(0), []
    forward = network.forward
    network.forward = lambda images: (seen.append(images), forward(images))[1]
    segment_photo(network, np.zeros((32, 64, 3), np.uint8), mirror_average=True)
    assert seen[0].shape == (2, 4, 64, 64)
    rows = seen[0][:, 3, :, 0]
    assert rows.sum(1).tolist() == [32, 32]
    assert rows[0, 16:48].all()


def test_a_search_where_slopes_are_off(make):
    images = torch.zeros(1, 3, 64, 64)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        off = make(3)(images)
        assert not torch.is_grad_enabled()
    torch.testing.assert_close(off, make(3)(images))


def test_threads_ask_it_in_batches(make):
    network = make(2)
    images = torch.rand(2, 4, 64, 64).round()
    with BatchedNetwork(network, PROCESSOR).at_work() as batched:
        assert batched.sees_filling
        torch.testing.assert_close(batched(images), network(images), atol=1e-3, rtol=1e-3)


def test_few_searches_at_a_time(make, monkeypatch):
    monkeypatch.setattr(generator_network, "_PIXELS_AT_ONCE", 2 * 64**2)
    network, at_work, most = make(1), [], []
    search = generator_network.search

    def watched(*given, **named):
        at_work.append(1)
        most.append(len(at_work))
        found = search(*given, **named)
        at_work.pop()
        return found

    monkeypatch.setattr(generator_network, "search", watched)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(network, [torch.zeros(1, 3, 64, 64)] * 8))
    assert len(most) == 8
    assert max(most) <= 2


def test_a_folder_goes_on_where_it_stopped(generator, make, tmp_path):
    for i in range(2):
        picture = generator.synthesise(sample_w(generator, 3, i))
        write_png(tmp_path / "photos" / f"{i}.png", pixels_of(picture))
    sources = find_photos(tmp_path / "photos")
    view = {"mirror_average": False}
    assert len(segment_all(make(2), sources, tmp_path / "out", **view).segmented) == 2
    assert len(segment_all(make(2), sources, tmp_path / "out", **view).kept) == 2
    assert len(segment_all(make(3), sources, tmp_path / "out", **view).segmented) == 2


def test_its_digest_is_that_of_all_that_it_depends_on(generator, make):
    network = make(3)
    others = [make(4), make(3, seed=1), make(3, Known(sample_w(generator, 0, 0)))]
    finer = GeneratorNetwork(
        generator, network.segmenter, TWO_PARTS, network.options, replace(PIXELS, compared_px=32)
    )
    assert len({one.digest for one in (network, *others, finer)}) == 5
    assert make(3).digest == network.digest


def test_how_long_a_photo_takes(make):
    assert make(3).time_of_photo_s() > 0
    assert make(0).time_of_photo_s() is None
    assert make(3, n_starts=2).n_steps == 6
