import json

import numpy as np
import pytest

from partly.errors import BadOption
from partly.evaluation.metrics.evaluation_scores import Skipped
from partly.evaluation.metrics.frechet import feature_sums, frechet_distance
from partly.evaluation.metrics.generator_figures import figures_of, remarks
from partly.evaluation.metrics.generator_scores import GeneratorEvaluation, Memorisation, Pair
from partly.evaluation.metrics.kernel_distances import kernel_distance
from partly.evaluation.metrics.manifold import manifold_scores
from partly.evaluation.metrics.uncovered_photos import find_gaps

DRAWS = np.random.default_rng(0)
PHOTOS, PICTURES = DRAWS.normal(size=(60, 4)), DRAWS.normal(0.3, 1, size=(50, 4))


def figures(photos=PHOTOS, pictures=PICTURES, network="builtin"):
    return figures_of(photos, pictures, network=network, network_digest="0" * 64)


def test_figures_are_those_of_the_measures():
    found = figures()
    sums = (feature_sums([PHOTOS]).gaussian(), feature_sums([PICTURES]).gaussian())
    assert found.frechet == pytest.approx(frechet_distance(*sums))
    assert found.kernel == kernel_distance(PHOTOS, PICTURES)
    assert found.manifold == manifold_scores(PHOTOS, PICTURES)
    assert (found.n_photos, found.n_pictures, found.n_features) == (60, 50, 4)
    assert json.loads(json.dumps(found.to_json()))["kernel"]["n_blocks"] == 2


@pytest.mark.parametrize(
    ("n_photos", "n_pictures", "said"),
    [
        (
            5,
            50,
            r"there are 5 photos to measure with; expected 6 or more, better thousands. Take more photos.",
        ),
        (60, 3, r"there are 3 pictures to measure with; expected 4 or more"),
    ],
)
def test_too_few(n_photos, n_pictures, said):
    with pytest.raises(BadOption, match=said):
        figures(PHOTOS[:n_photos], PICTURES[:n_pictures])


def test_the_least_are_enough():
    assert figures(PHOTOS[:6], PICTURES[:4]).n_pictures == 4


def test_remarks_say_what_holds():
    few = " ".join(remarks(figures(PHOTOS[:6, :3], PICTURES[:4, :3])))
    assert "the network 'builtin'" in few
    assert "too large with few pictures or photos: here there are 4 and 6" in few
    assert "coverage of about" in few
    many = DRAWS.normal(size=(10_001, 2))
    same = remarks(figures(many[:40], many[40:80], "inception"))
    assert not any("network" in text for text in same)
    assert any("within twice its standard error of 0" in text for text in same)
    wide = remarks(figures(DRAWS.normal(size=(20, 30)), DRAWS.normal(5, 1, size=(20, 30))))
    assert any("no more than 30 pictures or photos" in text for text in wide)
    assert not any("within twice" in text for text in wide)


def test_enough_need_no_remark_on_bias():
    from dataclasses import replace

    enough = replace(figures(network="inception"), n_photos=10_000, n_pictures=10_000)
    assert not any("too large" in text for text in remarks(enough))


def naive_ratio(photos, pictures, k):
    for photo in photos:
        others = np.sort(np.linalg.norm(photos - photo, axis=1))
        yield np.linalg.norm(pictures - photo, axis=1).min() / others[k]


def test_gaps_against_loops():
    gaps = find_gaps(PHOTOS, PICTURES)
    np.testing.assert_allclose(gaps.ratios, list(naive_ratio(PHOTOS, PICTURES, 5)))
    assert np.mean(gaps.ratios <= 1) == pytest.approx(manifold_scores(PHOTOS, PICTURES).coverage)
    assert gaps.ratios[gaps.least_covered[0]] == gaps.ratios.max()


def test_the_photo_left_out_comes_first():
    photos = np.concatenate([PHOTOS, [[20.0, 0, 0, 0]] * 7])
    gaps = find_gaps(photos, PICTURES)
    assert set(gaps.least_covered[:7]) == set(range(60, 67))
    assert np.isfinite(gaps.ratios).all()
    with pytest.raises(BadOption, match="there are 5 photos; expected 6 or more, one more than k"):
        find_gaps(PHOTOS[:5], PICTURES)


def test_json_has_everything_but_pixels():
    pixels = np.zeros((2, 2, 3), np.uint8)
    evaluation = GeneratorEvaluation(
        figures(),
        seed=3,
        memorisation=Memorisation(1, 0.02, 0.01, 0.5),
        random_pictures=(pixels,),
        closest=(Pair(pixels, 7, pixels, "a.png", 0.25, 0.5),),
        skipped=(Skipped("b.png", "is broken"),),
        notes=("Note.",),
    )
    told = json.loads(json.dumps(evaluation.to_json()))
    assert told["closest"] == [{"picture": 7, "photo": "a.png", "distance": 0.25, "ratio": 0.5}]
    assert told["copies"]["n_suspects"] == 1
    assert told["skipped"] == [{"name": "b.png", "reason": "is broken"}]
    assert told["seed"] == 3
    assert told["manifold"]["coverage"] == evaluation.figures.manifold.coverage
