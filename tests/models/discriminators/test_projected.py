import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from partly.errors import BadModelFile, BadOption
from partly.losses.adversarial_losses import Hinge
from partly.losses.rounds import Round, total
from partly.models.discriminators.projected_discriminator import ProjectedDiscriminator, RandomMixing
from partly.models.discriminators.spectral_convolution import SpectralConv
from partly.models.frozen_network import frozen
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.storage.model_folders import digest_of, tensors_to_bytes
from tests.models.discriminators.contract import DiscriminatorContract

DIGEST = "0a" * 32


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="module")
def encoder():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return EfficientNetLite0()


@pytest.fixture
def judge(encoder):
    return lambda size_px=32: ProjectedDiscriminator(size_px, encoder, DIGEST)


class TestContract(DiscriminatorContract):
    size_px, places, penalised = 32, (4, 4, 4), False

    @pytest.fixture
    def discriminator(self, judge):
        return judge().eval()


def learned(discriminator, n_steps):
    """After steps in which photos are brighter than pictures."""
    optimizer = torch.optim.Adam([*discriminator.parameters()], 2e-3, betas=(0.0, 0.99))
    size_px, losses = discriminator.image_size_px, []
    for _ in range(n_steps):
        photos, pictures = torch.randn(2, 4, 3, size_px, size_px) * 0.3
        photos += 0.4
        seen = Round(photos, pictures, discriminator(photos), discriminator(pictures))
        loss = total(Hinge().discriminator_terms(seen))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_it_learns_and_what_is_frozen_stays_whatever_is_asked(judge):
    discriminator = judge().train().requires_grad_(True)
    fixed = ("encoder.", "mixing.")
    before = {n: b.clone() for n, b in discriminator.named_buffers() if n.startswith(fixed)}
    losses = learned(discriminator, 12)
    assert losses[-1] < 0.8 * losses[0]
    after = dict(discriminator.named_buffers())
    assert len(before) == 2 * 33 + 7
    assert all(torch.equal(after[name], values) for name, values in before.items())
    assert not any(part.training for part in discriminator.encoder.modules())
    assert {name.split(".")[0] for name, _ in discriminator.named_parameters()} == {"heads"}


def test_spectral_norms_stay_at_1_while_weights_learn(judge):
    discriminator = judge().train()
    learned(discriminator, 12)
    convolutions = [part for part in discriminator.modules() if isinstance(part, SpectralConv)]
    assert len(convolutions) == 3 + 2 + 1 + 2 * 4
    for part in convolutions:
        value = torch.linalg.matrix_norm(part.weight.flatten(1), 2)
        used = part._singular()[0]
        assert 1 - 1e-5 < (value / used).item() < 1.05


def test_the_power_method_finds_the_largest_singular_value_and_its_slope():
    part = SpectralConv(3, 5, 3, padding=1).train()
    maps = torch.randn(2, 3, 6, 6)
    for _ in range(100):
        part(maps)
    weight = part.weight.detach().clone().requires_grad_(True)
    wanted = F.conv2d(maps, weight / torch.linalg.matrix_norm(weight.flatten(1), 2), part.bias, padding=1)
    found = part(maps)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    torch.autograd.backward(found[:, 0].sum())
    torch.autograd.backward(wanted[:, 0].sum())
    torch.testing.assert_close(part.weight.grad, weight.grad, rtol=1e-3, atol=1e-4)


def test_norms_are_found_in_full_precision_where_networks_compute_in_halves():
    part, maps = SpectralConv(6, 5, 3).eval(), torch.randn(2, 6, 8, 8)
    wanted = part._singular()
    with torch.autocast("cpu", torch.bfloat16):
        found, made = part._singular(), part(maps)
    assert all(map(torch.equal, found, wanted))
    assert made.dtype == torch.bfloat16


def test_nothing_moves_in_eval_mode(judge):
    discriminator, images = judge().eval(), torch.randn(2, 3, 32, 32)
    before = tensors_to_bytes(discriminator.state_dict())
    assert torch.equal(discriminator(images).scores, discriminator(images).scores)
    assert tensors_to_bytes(discriminator.state_dict()) == before
    discriminator.train()(images)
    assert tensors_to_bytes(discriminator.state_dict()) != before


def test_mixing_is_a_sum_of_random_convolutions():
    mixing = RandomMixing((2, 3, 4))
    levels = [torch.randn(1, width, side, side) for width, side in ((2, 16), (3, 8), (4, 4))]
    fine, middle, coarse = mixing(levels)
    one, two, three = (convolution(maps) for convolution, maps in zip(mixing.across, levels, strict=True))
    torch.testing.assert_close(coarse, three)
    doubled = F.interpolate(mixing.down[1](three), (8, 8), mode="bilinear")
    torch.testing.assert_close(middle, (two + doubled) / 2**0.5)
    doubled = F.interpolate(mixing.down[0](middle), (16, 16), mode="bilinear")
    torch.testing.assert_close(fine, (one + doubled) / 2**0.5)


def test_it_sees_what_the_network_sees(encoder, judge):
    discriminator = judge(64).eval()
    images = torch.randn(2, 3, 64, 64)
    levels = discriminator.encoder(images)
    for found, wanted in zip(levels, encoder.eval()(images)[:4], strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    wanted = [h(m)[0][:, 0] for h, m in zip(discriminator.heads, discriminator.mixing(levels), strict=True)]
    torch.testing.assert_close(discriminator(images).scores, torch.stack(wanted, dim=1))


@pytest.mark.parametrize(("size_px", "seen_px"), [(32, 64), (64, 64), (128, 128), (256, 256), (512, 256)])
def test_sizes_that_the_network_is_shown(judge, size_px, seen_px):
    discriminator, shown = judge(size_px).eval(), []
    discriminator.encoder.register_forward_pre_hook(lambda _, images: shown.extend(images))
    with torch.no_grad():
        scores = discriminator(torch.ones(1, 3, size_px, size_px)).scores
    assert scores.shape == (1, 4, 4, 4)
    torch.testing.assert_close(shown[0], torch.ones(1, 3, seen_px, seen_px))


def test_pictures_are_judged_each_by_itself(judge):
    discriminator, pictures = judge().eval(), torch.randn(3, 3, 32, 32)
    alone = torch.cat([discriminator(picture[None]).scores for picture in pictures])
    torch.testing.assert_close(discriminator(pictures).scores, alone, rtol=1e-4, atol=1e-5)


def test_the_network_is_not_in_its_state_but_the_mixing_is(judge):
    state = judge().state_dict()
    assert {name.split(".")[0] for name in state} == {"mixing", "heads", "encoder_digest"}
    assert len(tensors_to_bytes(state)) < 2_000_000
    assert bytes(state["encoder_digest"].tolist()).hex() == DIGEST
    assert "mixing.across.0.weight" in state


def test_a_state_of_the_same_network_is_loaded_to_the_bit(judge):
    first, images = judge().train(), torch.randn(2, 3, 32, 32)
    learned(first, 2)
    torch.manual_seed(1)
    second = judge()
    assert not torch.equal(second.mixing.down[0].weight, first.mixing.down[0].weight)
    second.load_state_dict(dict(first.state_dict()))
    assert torch.equal(second.train()(images).scores, first(images).scores)


def test_a_state_of_another_network_is_not_loaded(encoder, judge):
    other = ProjectedDiscriminator(32, encoder, "0b" * 32)
    with pytest.raises(RuntimeError, match="learned with another frozen network"):
        judge().load_state_dict(other.state_dict())


def test_weights_of_a_file(encoder, tmp_path):
    file = tmp_path / "model.safetensors"
    save_file(encoder.state_dict(), file)
    discriminator = ProjectedDiscriminator.on(file, 32)
    assert bytes(discriminator.encoder_digest.tolist()).hex() == digest_of(encoder.state_dict())
    images = torch.randn(1, 3, 64, 64)
    found, wanted = discriminator.encoder(images)[-1], encoder.eval()(images)[3]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(BadModelFile, match=r"cannot be read .*Fetch the pretrained weights again"):
        ProjectedDiscriminator.on(tmp_path / "none", 32)


@pytest.mark.parametrize("size_px", [16, 48, 1024])
def test_sizes_that_cannot_be(judge, size_px):
    with pytest.raises(BadOption, match=f"pictures of {size_px} px; expected a power of two from 32 to 512"):
        judge(size_px)


@pytest.mark.parametrize("saved", [True, False])
def test_frozen_weights_are_buffers(saved):
    network = frozen(nn.Sequential(nn.Conv2d(2, 3, 1), nn.GroupNorm(1, 3)), saved=saved)
    assert [*network.parameters()] == []
    assert len([*network.buffers()]) == 4
    assert len(network.state_dict()) == (4 if saved else 0)
    assert not network.training
    images = torch.randn(1, 2, 4, 4, requires_grad=True)
    torch.autograd.backward(network(images).square()[:, 0].sum())
    assert images.grad.abs().sum() > 0
