import pytest
import torch
from torch import nn

from partly.errors import BadOption
from partly.losses.rounds import Ask, Round, total
from partly.models.discriminators.light_discriminator import (
    LightDiscriminator,
    PictureDecoder,
    SelfSupervision,
    _Gate,
)
from partly.models.generators.light_generator import LightShape
from tests.models.discriminators.contract import DiscriminatorContract

TINY = LightShape(32, z_dim=5, channel_base=128, most_channels=8)


class TestContract(DiscriminatorContract):
    size_px, not_of_scores = 32, frozenset({"decode_whole", "decode_quarter"})

    @pytest.fixture
    def discriminator(self):
        return LightDiscriminator(TINY)


class TestContractOfALargeOne(DiscriminatorContract):
    size_px, not_of_scores = 128, frozenset({"decode_whole", "decode_quarter"})

    @pytest.fixture
    def discriminator(self):
        return LightDiscriminator(LightShape(128, channel_base=128, most_channels=8))


def told_by(penalty, photos, seed):
    random = torch.Generator().manual_seed(seed)
    return total(
        penalty.discriminator_terms(Round(photos, photos * 0, ask=Ask(random=lambda _purpose: random)))
    )


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_pictures_see_of_each_other_only_how_much_they_differ():
    discriminator = LightDiscriminator(TINY).eval()
    pictures = torch.randn(3, 3, 32, 32)
    alone = torch.cat([discriminator(picture[None]).scores for picture in pictures])
    assert (discriminator(pictures).scores - alone).abs().max() > 1e-3
    discriminator.score[0] = nn.ZeroPad3d((0, 0, 0, 0, 0, 1))
    alone = torch.cat([discriminator(picture[None]).scores for picture in pictures])
    torch.testing.assert_close(discriminator(pictures).scores, alone)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_gates_are_those_of_torch(memory_format):
    """Decoders and checkpoints from before, which had torch's, go on with the same pictures and slopes."""
    before = PictureDecoder(6, 32).double()
    for name, layer in before.named_children():
        if isinstance(layer, _Gate):
            setattr(before, name, nn.GLU(dim=1))
    now = PictureDecoder(6, 32).double()
    now.load_state_dict(before.state_dict())
    features = torch.randn(3, 6, 8, 8, dtype=torch.float64).to(memory_format=memory_format)
    told = []
    for decoder in (before, now):
        decoder.to(memory_format=memory_format)
        given = features.clone().requires_grad_()
        pictures = decoder(given)
        weights = [weight for _, weight in sorted(decoder.named_parameters())]
        told.append([pictures, *torch.autograd.grad(pictures.square().sum(), [given, *weights])])
    assert sum(isinstance(layer, nn.GLU) for layer in before) == 2
    for one, other in zip(*told, strict=True):
        torch.testing.assert_close(one, other)


def test_what_is_to_be_told_is_the_photo_and_a_quarter_of_it():
    discriminator = LightDiscriminator(TINY)
    photos = torch.randn(2, 3, 32, 32)
    halved = nn.functional.avg_pool2d(photos, 2)
    corners = {(r, c): photos[:, :, 16 * r :, 16 * c :][:, :, :16, :16] for r in (0, 1) for c in (0, 1)}
    seen = set()
    for number in range(20):
        random = torch.Generator().manual_seed(number)
        (whole, wanted), (quarter, wanted_quarter) = discriminator.reconstruct(photos, random)
        assert whole.shape == wanted.shape == quarter.shape == wanted_quarter.shape == (2, 3, 16, 16)
        torch.testing.assert_close(wanted, halved)
        [place] = [p for p, corner in corners.items() if torch.equal(corner, wanted_quarter)]
        seen.add(place)
    assert seen == set(corners)


def test_a_quarter_is_told_from_its_own_features():
    discriminator = LightDiscriminator(TINY).eval()
    photos = torch.randn(1, 3, 32, 32, requires_grad=True)
    _, (made, wanted) = discriminator.reconstruct(photos, torch.Generator().manual_seed(0))
    [of_made] = torch.autograd.grad(made.sum(), photos, retain_graph=True)
    [of_wanted] = torch.autograd.grad(wanted.sum(), photos)
    # Only the border of a convolution of 4 x 4 reaches beyond the quarter.
    assert (of_made.abs().sum((2, 3)) > 0).all()
    inside = of_wanted != 0
    assert of_made[inside].abs().sum() > 5 * of_made[~inside].abs().sum()


def test_large_pictures_are_told_at_128_px():
    assert LightDiscriminator(LightShape(512, channel_base=64)).decoded_px == 128


def test_self_supervision_is_a_mean_difference_that_can_be_learned_from():
    discriminator = LightDiscriminator(TINY)
    penalty = SelfSupervision(discriminator, weight=3.0)
    photos = torch.rand(4, 3, 32, 32) * 2 - 1
    pairs = discriminator.reconstruct(photos, torch.Generator().manual_seed(1))
    wanted = 3 * sum((a - b).abs().mean().item() for a, b in pairs) / 2
    found = told_by(penalty, photos, 1)
    assert found.item() == pytest.approx(wanted, rel=1e-5)
    torch.autograd.backward(found)
    unlearned = {name.split(".")[0] for name, p in discriminator.named_parameters() if p.grad is None}
    assert unlearned == {"score"}


def test_the_features_learn_to_tell_photos():
    discriminator = LightDiscriminator(TINY)
    penalty = SelfSupervision(discriminator)
    colours = torch.rand(8, 3, 1, 1) * 2 - 1
    photos = colours.expand(-1, -1, 32, 32)
    optimizer = torch.optim.Adam(discriminator.parameters(), 1e-2)
    losses = []
    for number in range(15):
        loss = told_by(penalty, photos, number)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_its_description_names_no_weights():
    """Checkpoints keep it, to tell one training from another."""
    assert repr(SelfSupervision(LightDiscriminator(TINY), 2.0)) == "SelfSupervision(weight=2.0)"


def test_images_of_another_size_are_not_reconstructed():
    with pytest.raises(BadOption, match=r"images of shape \[1, 3, 8, 8\]; expected \[b, 3, 32, 32\]"):
        LightDiscriminator(TINY).reconstruct(torch.zeros(1, 3, 8, 8), torch.Generator())


def test_without_norms_scores_still_tell_pictures_apart_at_first():
    torch.manual_seed(0)
    discriminator = LightDiscriminator(LightShape(image_size_px=64))
    assert discriminator(torch.randn(8, 3, 64, 64).cumsum(-1) / 8).scores.std() > 0.1
