import numpy as np
import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.foreign.checkpoint_formats import read_checkpoint
from partly.models.foreign.native_stylegan2 import assembled
from partly.models.zoo.checkpoint_import import import_checkpoint
from partly.models.zoo.installed_models import load_generator
from partly.storage.model_folders import load_card
from tests.models.foreign import stylegan3_look_alike as look_alike
from tests.models.foreign.nvidia_look_alike import fake_packages, mapped, pickled
from tests.models.foreign.stylegan3_look_alike import Config, random_generator


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    fake_packages(monkeypatch)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stylegan3.pkl"


def imported(path, generator, class_index=None, protocol=3):
    path.write_bytes(pickled(generator, protocol))
    return assembled(read_checkpoint(path, class_index))


def latents(*sizes, seed=1):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(conv_kernel=1, use_radial_filters=True),
        Config(img_resolution=64, num_layers=6, num_critical=2, margin_size=5, channel_base=200),
        Config(conv_clamp=0.7, num_critical=0, margin_size=0, num_mapping_layers=3),
        Config(conv_clamp=None, filter_size=4, lrelu_upsampling=4, channel_max=5),
        Config(lrelu_upsampling=1),
    ],
    ids=["t", "r", "64px", "clamped", "filters", "aliased"],
)
def test_the_same_pictures(path, config):
    theirs = random_generator(config)
    ours = imported(path, theirs)
    w = ours.map(latents(2, config.z_dim))
    torch.testing.assert_close(w[:, 0], mapped(theirs, latents(2, config.z_dim)), rtol=0, atol=1e-5)
    for rows in (w, w + latents(*w.shape, seed=2)):
        wanted = look_alike.pictures(theirs, rows)
        assert wanted.std() > 0.05
        torch.testing.assert_close(ours.synthesise(rows).images, wanted, rtol=0, atol=1e-5)
    assert torch.equal(ours.w_mean, theirs["mapping.w_avg"])
    assert ours.shape.rates[-1] == config.img_resolution


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_protocols(path, protocol):
    assert imported(path, random_generator(), protocol=protocol).image_size_px == 32


@pytest.mark.parametrize("class_index", [0, 2])
def test_one_class_of_several(path, class_index):
    theirs = random_generator(Config(c_dim=3))
    ours = imported(path, theirs, class_index)
    z, label = latents(4, 12), torch.eye(3)[class_index].expand(4, -1)
    torch.testing.assert_close(ours.map(z)[:, 0], mapped(theirs, z, label), rtol=0, atol=1e-5)
    with pytest.raises(BadOption, match="its generator knows 3 classes, and none is chosen"):
        read_checkpoint(path)


def test_a_transform_of_the_input_is_kept(path):
    theirs = random_generator()
    before = imported(path, theirs)
    # A quarter of the picture to the right.
    theirs["synthesis.input"].buffers["transform"] = torch.tensor([[1.0, 0, -0.25], [0, 1, 0], [0, 0, 1]])
    after = imported(path, theirs)
    w = latents(1, before.n_layers, 16)
    maps, moved = (g.synthesise(w).pyramid.maps[0] for g in (before, after))
    assert (maps - moved).abs().max() > 0.1


def test_the_model_folder(path, tmp_path):
    theirs = random_generator()
    path.write_bytes(pickled(theirs))
    result = import_checkpoint(path, tmp_path / "g")
    assert (result.kind, result.format, result.image_size_px) == ("generator", "nvidia", 32)
    card = load_card(tmp_path / "g")
    assert (card.kind, card.extra["title"]) == ("generator/stylegan3", "StyleGAN3 of stylegan3.pkl, 32 px")
    assert card.extra["licence"].startswith("As of its authors, whom Partly does not know")
    assert "Nvidia Source Code License" in card.extra["licence"]
    ours = load_generator(tmp_path / "g")
    w = ours.map(latents(1, 12))
    torch.testing.assert_close(ours.synthesise(w).images, look_alike.pictures(theirs, w), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("place", "kind", "name", "value", "said"),
    [
        (
            "",
            "attributes",
            "img_channels",
            1,
            "img_channels is 1; expected 3. Partly knows the networks of the",
        ),
        ("L1", "attributes", "up_taps", 8, "up_taps is 8; expected 12"),
        ("L1", "attributes", "padding", [9, 9, 9, 9], ".padding is [9, 9, 9, 9]; expected ["),
        ("L1", "attributes", "in_cutoff", 3.0, "in_cutoff is 3.0; expected 2.0"),
        ("L1", "attributes", "out_size", np.array([20, 22]), "out_size is [20, 22]; expected a square."),
        (
            "L1",
            "attributes",
            "out_size",
            np.array([20.0, 20.0]),
            "an array of another kind than its numbers; ex",
        ),
        ("L1", "attributes", "out_half_width", -1.0, "out_half_width is -1.0; expected a positive number."),
        (
            "L1",
            "attributes",
            "out_sampling_rate",
            24,
            "has rates of (16, 24, 32, 32, 32); expected powers of two",
        ),
        (
            "L1",
            "buffers",
            "up_filter",
            torch.ones(12) / 12,
            "up_filter is another filter than its layer's fr",
        ),
        (
            "L1",
            "parameters",
            "bias",
            torch.zeros(4),
            ".bias has shape [4]; expected [8], by the shapes of the",
        ),
        (
            "L1",
            "parameters",
            "extra",
            torch.zeros(4),
            "has tensors that no StyleGAN3 has: synthesis.L1_22_8.ext",
        ),
        (
            "input",
            "buffers",
            "freqs",
            None,
            "lacks the tensor synthesis.input.freqs; expected all tensors of a St",
        ),
        ("input", "attributes", "size", np.array([8, 8]), "synthesis.input.size is 8; expected 22."),
        (
            "synthesis",
            "attributes",
            "layer_names",
            "L0",
            "synthesis.layer_names is 'L0'; expected a list of names",
        ),
        (
            "synthesis",
            "attributes",
            "img_resolution",
            48,
            "has pictures of 48 px; expected a power of two from 16",
        ),
    ],
)
def test_networks_that_are_no_stylegan3(path, place, kind, name, value, said):
    generator = random_generator()
    synthesis = generator["synthesis"]
    places = {"": generator, "synthesis": synthesis, "input": synthesis["input"]}
    places["L1"] = synthesis[synthesis["layer_names"][1]]
    holder = getattr(places[place], kind)
    if value is None:
        del holder[name]
    else:
        holder[name] = value
    path.write_bytes(pickled(generator))
    with pytest.raises(BadModelFile) as caught:
        read_checkpoint(path)
    assert said in str(caught.value)
