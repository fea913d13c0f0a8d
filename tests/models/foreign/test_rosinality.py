import argparse

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.foreign.checkpoint_formats import read_checkpoint
from partly.models.foreign.native_stylegan2 import assembled
from partly.models.generators.latent_sampling import mean_of_w
from tests.models.foreign import rosinality_look_alike as look_alike

LATENT_AVG = torch.linspace(-1, 1, look_alike.W_DIM)


@pytest.fixture
def state():
    return look_alike.random_state()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "550000.pt"


def imported(path, content, **how):
    torch.save(content, path, **how)
    return assembled(read_checkpoint(path))


def message(path, content):
    torch.save(content, path)
    with pytest.raises(BadModelFile) as caught:
        read_checkpoint(path)
    assert caught.value.path == path
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("zipped", [True, False])
def test_the_same_pictures(path, state, zipped):
    content = {"g": state, "g_ema": state, "latent_avg": LATENT_AVG, "args": argparse.Namespace(size=32)}
    generator = imported(path, content, _use_new_zipfile_serialization=zipped)
    z = torch.randn(3, look_alike.W_DIM, generator=torch.Generator().manual_seed(1))
    w = generator.map(z)
    torch.testing.assert_close(w[:, 0], look_alike.mapped(state, z), rtol=0, atol=1e-5)
    w_plus = w + torch.randn(w.shape, generator=torch.Generator().manual_seed(2))
    for latents in (w, w_plus):
        found, wanted = generator.synthesise(latents).images, look_alike.pictures(state, latents)
        assert wanted.std() > 0.3
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
    assert torch.equal(generator.w_mean, LATENT_AVG)
    assert generator.shape.n_mapping_layers == look_alike.N_MAPPING


def test_what_a_file_of_its_time_lacks(path, state):
    """The first files have no noise, those of trainings no mean of w; some hold the state dict alone."""
    for name in [name for name in state if name.startswith("noises.")]:
        del state[name]
    torch.save(state, path)
    foreign = read_checkpoint(path)
    assert foreign.remarks == (
        "it has no fixed noise, like the oldest files: it was drawn anew",
        "it has no latent_avg: the mean of w was computed from 10,000 latents",
    )
    first, second = assembled(foreign), assembled(read_checkpoint(path))
    assert 0.5 < first.conv1.noise.constant.std() < 1.5
    assert all(torch.equal(tensor, second.state_dict()[name]) for name, tensor in first.state_dict().items())
    torch.testing.assert_close(first.w_mean, mean_of_w(first))
    z = torch.randn(500, look_alike.W_DIM, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(first.w_mean, first.map(z)[:, 0].mean(0), rtol=0, atol=0.2)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("to_rgbs.1.conv.weight", None, "lacks the tensor to_rgbs.1.conv.weight; expected all tensors of a"),
        ("noises.noise_3", None, "lacks the tensor noises.noise_3;"),
        ("style.1.weight", None, "lacks the tensor style.1.weight;"),
        ("style.2.bias", None, "lacks the tensor style.2.bias;"),
        ("convs.1.activate.bias", torch.zeros(5), "convs.1.activate.bias has shape [5]; expected [12], by"),
        ("conv1.conv.weight", torch.zeros(1, 12, 11, 3, 3), "expected [1, 12, 12, 3, 3], by the shapes of"),
        ("input.input", torch.zeros(12, 4, 4), "input.input has shape [12, 4, 4]; expected 4 axes."),
        ("convs.0.conv.weight", torch.zeros(1, 7, 12, 3, 3), "has 7 channels at 8 px; expected 12, by the"),
        ("to_rgb1.bias", torch.full((1, 3, 1, 1), torch.nan), "to_rgb1.bias holds numbers that are not fin"),
        ("to_rgb1.bias", "no", "to_rgb1.bias is of type str; expected a tensor."),
        ("convs.9.noise.weight", torch.zeros(1), "has tensors that no StyleGAN2 has: convs.9.noise.weight;"),
        (
            "convs.2.conv.blur.kernel",
            torch.ones(2, 2),
            "convs.2.conv.blur.kernel is a filter of 2 x 2 numbers with the sum 4; "
            "expected that of the taps 1, 3, 3, 1 with the sum 4. Partly knows no other filter.",
        ),
        ("to_rgbs.0.upsample.kernel", torch.ones(4, 4) / 4, "is a filter of 4 x 4 numbers with the sum 4;"),
    ],
)
def test_states_that_are_no_stylegan2(path, state, name, value, said):
    if value is None:
        del state[name]
    else:
        state[name] = value
    assert said in message(path, {"g_ema": state})


def test_left_over_tensors_are_counted(path, state):
    state |= {f"attention.{i}": torch.zeros(1) for i in range(5)}
    assert message(path, state).startswith(
        "has tensors that no StyleGAN2 has: attention.0, attention.1, attention.2 and 2 more; expected a"
    )


def test_other_parts_of_a_checkpoint(path, state):
    critic = {"convs.0.0.weight": torch.zeros(1), "final_linear.0.weight": torch.zeros(1)}
    assert message(path, critic) == (
        "is a discriminator; expected the averaged generator of a StyleGAN2, g_ema."
    )
    assert message(path, {"g": state, "d": critic}).startswith("holds g, d; expected the averaged generator")
    assert message(path, {"g_ema": state, "latent_avg": torch.zeros(3)}).startswith(
        "latent_avg has shape [3]"
    )


def test_another_network_under_the_same_key(path):
    """As of a program for the first StyleGAN."""
    assert message(path, {"g_ema": {"generator.progression.0.conv1.weight": torch.zeros(1)}}) == (
        "its g_ema is another network, with generator.progression.0.conv1.weight; expected the names of "
        "rosinality's stylegan2-pytorch, such as conv1.conv.modulation.weight. Take a checkpoint of that "
        "program, or a .pkl of NVIDIA's."
    )


def test_pictures_too_small(path, state):
    for name in list(state):
        if name.startswith(("convs.4", "convs.5", "to_rgbs.2", "noises.noise_5", "noises.noise_6")):
            del state[name]
    assert message(path, {"g_ema": state}) == (
        "makes pictures of 16 px; expected a power of two from 32 to 1024."
    )


def test_it_knows_no_classes(path, state):
    torch.save({"g_ema": state}, path)
    with pytest.raises(BadOption, match=r"550000.pt: its generator knows no classes. Choose none\."):
        read_checkpoint(path, 1)


@pytest.mark.parametrize("sizes", [(10,), (1, 18), (1,)], ids=str)
@pytest.mark.parametrize("of_numpy", [False, True])
def test_a_mean_of_w_that_is_repeated_for_all_layers(path, state, sizes, of_numpy):
    mean = LATENT_AVG.expand(*sizes, -1).contiguous()
    generator = imported(path, {"g_ema": state, "latent_avg": mean.numpy() if of_numpy else mean})
    assert torch.equal(generator.w_mean, LATENT_AVG)


def test_a_mean_of_w_among_the_tensors(path, state):
    named = {f"module.{name}": tensor for name, tensor in {**state, "latent_avg": LATENT_AVG}.items()}
    assert torch.equal(imported(path, named).w_mean, LATENT_AVG)


def test_means_of_w_that_are_none(path, state):
    rows = torch.stack([LATENT_AVG, LATENT_AVG + 1])
    assert message(path, {"g_ema": state, "latent_avg": rows}) == (
        "latent_avg has shape [2, 16], and its rows are not the same; expected [16], or that row repeated "
        "for "
        "all layers. Partly knows one mean of w for all layers."
    )
    assert message(path, {"g_ema": state, "latent_avg": torch.zeros(10, 8)}) == (
        "latent_avg has shape [10, 8]; expected [16], as long as w, or that row repeated for all layers. It "
        "belongs to another generator: take the checkpoint as it was published."
    )
    assert message(path, {"g_ema": state, "latent_avg": "no"}).startswith(
        "latent_avg is of type str; expected"
    )
