import pytest
import torch
from benchmarks.digit_networks import Convolutional, FullyConnected
from benchmarks.digits import Digits
from benchmarks.semi_supervised import (
    FewLabels,
    Players,
    Shown,
    labelled_digits,
    n_wrong,
    train,
)

from partly.losses.matched_features import SemiSupervised
from partly.losses.rounds import Round, total
from partly.models.generators import MLPGenerator, MLPShape
from partly.training.augment.adversarial.shape_changes import ShapeChanges


def stripes(n: int) -> Digits:
    """One of ten bright rows, which is its class."""
    classes = torch.arange(n) % 10
    images = torch.full((n, 1, 28, 28), -1.0)
    for image, place in zip(images, classes, strict=True):
        image[0, 2 * place : 2 * place + 2] = 1
    return Digits(images, classes)


def test_as_many_of_each_class_have_labels():
    digits = stripes(200)
    told = labelled_digits(digits, 30, seed=1)
    assert digits.classes[told].bincount().tolist() == [3] * 10
    assert not torch.equal(told, labelled_digits(digits, 30, seed=2))


def test_batches_have_photos_with_labels_and_others():
    digits = stripes(200)
    batch = FewLabels(digits, labelled_digits(digits, 30, 0), Shown(50, 100), 0).read(3)
    assert batch.photos.shape == (150, 3, 28, 28)
    assert batch.condition.sum(1).tolist() == [1] * 50 + [0] * 100
    shown = batch.photos[:50, 0, ::2].mean(2)[:, :10].argmax(1)
    assert torch.equal(batch.condition[:50].argmax(1), shown)


def test_changed_photos_without_labels_come_in_pairs():
    digits = stripes(200)
    digits = Digits(digits.images.roll(4, dims=2), digits.classes)  # no stripe is near a border
    changes = ShapeChanges(turn=0, stretch=0, slant=0, shift=0.1, bolder=0)
    batch = FewLabels(digits, labelled_digits(digits, 30, 0), Shown(4, 50, changes), 0).read(3)
    assert batch.photos.shape == (104, 3, 28, 28)
    assert batch.condition.sum(1).tolist() == [1] * 4 + [0] * 100
    light = (batch.photos[:, 0] + 1).mean(2)
    places = (light * torch.arange(28)).sum(1) / light.sum(1)
    apart = (places[4::2] - places[5::2]).abs()
    assert 1 < apart.max() <= 2 * 2.8 < (places[4:] - places[4]).abs().max()


def test_a_classifier_names_by_averaged_weights_without_noise():
    torch.manual_seed(0)
    network, images = FullyConnected((16,)), stripes(20).images.expand(-1, 3, -1, -1)
    one, other = network(images), network(images)
    assert not torch.equal(one.scores, other.scores)
    torch.testing.assert_close(one.scores, one.heads["class"].exp().sum(1).log())
    before = network.averaged(images)
    # Moved weights are followed slowly.
    with torch.no_grad():
        network.layers[1].bias.add_(torch.arange(10.0))
    assert torch.equal(network.averaged(images), before)
    network(images)
    moved = (network.averaged(images) - before).mean(0)
    torch.testing.assert_close(moved, 0.0005 * torch.arange(10.0), rtol=0.01, atol=1e-5)


def test_it_learns_from_few_labels():
    torch.manual_seed(0)
    digits, network = stripes(200), FullyConnected((32,))
    batches = FewLabels(digits, labelled_digits(digits, 30, 0), Shown(50, 100), 0)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for number in range(30):
        batch = batches.read(number)
        judged, noise = network(batch.photos), network(torch.rand_like(batch.photos))
        seen = Round(batch.photos, batch.photos, judged, noise, condition=batch.condition)
        optimizer.zero_grad()
        torch.autograd.backward(total(SemiSupervised().discriminator_terms(seen)))
        optimizer.step()
    found = network.logits(digits.images).argmax(1)
    assert (found == digits.classes).float().mean() > 0.95
    assert 0 <= n_wrong(network, digits) <= len(digits.classes)


def test_first_weights_spread_what_layers_see():
    torch.manual_seed(0)
    images = torch.rand(64, 1, 16, 16) ** 4 * 2 - 1
    network = Convolutional(images, (4, 4, 4))
    for made in (network.layers[0]((images + 1) / 2), network.logits(images)):
        channels = made.transpose(0, 1).flatten(1)
        torch.testing.assert_close(channels.mean(1), torch.zeros(len(channels)), atol=1e-4, rtol=0)
        torch.testing.assert_close(channels.std(1), torch.ones(len(channels)), atol=1e-3, rtol=0)
    assert not torch.equal(network(images).scores, network(images).scores)
    torch.testing.assert_close(network.averaged(images), network.logits(images))


def small_players(_digits):
    generator = MLPGenerator(MLPShape(28, hidden=(16,)))
    shown = Shown(20, 30, ShapeChanges())
    return Players(generator, FullyConnected((16,)), 3e-3, 40, shown, SemiSupervised(pairs_weight=1.0))


@pytest.mark.slow
def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path):
    def run(folder, n_steps):
        return train(digits, digits, small_players, 30, n_steps, 0, folder)

    digits = stripes(200)
    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "parts", 2)
    assert run(tmp_path / "parts", 4) == whole
    assert whole.keys() == {"4"}
