import pickle
import struct
import sys

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.foreign.checkpoint_formats import read_checkpoint
from partly.models.foreign.native_stylegan2 import assembled
from tests.models.foreign import nvidia_look_alike as look_alike
from tests.models.foreign.nvidia_look_alike import Config, Module, pickled, random_generator


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    look_alike.fake_packages(monkeypatch)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network-snapshot-025000.pkl"


def imported(path, data, class_index=None):
    path.write_bytes(data)
    return assembled(read_checkpoint(path, class_index))


def message(path, generator):
    path.write_bytes(pickled(generator))
    with pytest.raises(BadModelFile) as caught:
        read_checkpoint(path)
    assert caught.value.path == path
    return str(caught.value).removeprefix(f"{path}: ")


def latents(*sizes, seed=1):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(conv_clamp=None, num_layers=8),
        Config(conv_clamp=0.7, lr_multiplier=0.1),
        Config(use_noise=False, z_dim=8, channel_base=300, channel_max=20),
        Config(architecture="orig"),
    ],
    ids=["ada", "config-f", "clamped", "no-noise", "orig"],
)
def test_the_same_pictures(path, config):
    theirs = random_generator(config)
    ours = imported(path, pickled(theirs))
    z = latents(3, config.z_dim)
    w = ours.map(z)
    torch.testing.assert_close(w[:, 0], look_alike.mapped(theirs, z), rtol=0, atol=1e-5)
    w_plus = w + latents(*w.shape, seed=2)
    for rows in (w, w_plus):
        wanted = look_alike.pictures(theirs, rows)
        assert wanted.std() > 0.1
        torch.testing.assert_close(ours.synthesise(rows).images, wanted, rtol=0, atol=1e-5)
    assert torch.equal(ours.w_mean, theirs["mapping.w_avg"])
    assert (ours.shape.clamp, ours.shape.n_mapping_layers) == (config.conv_clamp, config.num_layers)
    assert ours.shape.mapping_rate == config.lr_multiplier


def test_clamping_changes_pictures_or_the_test_above_says_nothing():
    w = latents(1, 8, 16)
    free = look_alike.pictures(random_generator(Config(conv_clamp=None)), w)
    assert (look_alike.pictures(random_generator(Config(conv_clamp=0.7)), w) - free).abs().max() > 0.1


@pytest.mark.parametrize("class_index", [0, 2])
def test_one_class_of_several(path, class_index):
    theirs = random_generator(Config(c_dim=3))
    ours = imported(path, pickled(theirs), class_index)
    z = latents(4, 16)
    label = torch.eye(3)[class_index].expand(4, -1)
    wanted = look_alike.mapped(theirs, z, label)
    assert (wanted - look_alike.mapped(theirs, z, label.roll(1, 1))).abs().max() > 0.1
    torch.testing.assert_close(ours.map(z)[:, 0], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("protocol", range(6))
def test_protocols_of_pickles(path, protocol):
    theirs = random_generator()
    data = pickled(theirs, protocol)
    if protocol == 3:  # as older versions of NumPy wrote it
        assert b"numpy._core.multiarray" in data
        data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert torch.equal(imported(path, data).w_mean, theirs["mapping.w_avg"])


def test_a_generator_alone_and_without_a_mean(path):
    theirs = random_generator()
    del theirs.modules["mapping"].buffers["w_avg"]
    path.write_bytes(pickle.dumps(theirs, 3))
    foreign = read_checkpoint(path)
    assert foreign.remarks == ("it has no w_avg: the mean of w was computed from 10,000 latents",)
    assert assembled(foreign).w_mean.abs().max() > 0


def test_paper_configurations_have_the_channels_that_they_should(path):
    """Configuration F halves channels from 64 px on, the smaller ones from 32 px on."""
    theirs = random_generator(Config(img_resolution=128, channel_base=2048, channel_max=16))
    ours = imported(path, pickled(theirs))
    assert [ours.shape.n_channels(s) for s in (4, 64, 128)] == [16, 16, 16]
    theirs = random_generator(Config(img_resolution=128, channel_base=512, channel_max=16))
    ours = imported(path, pickled(theirs))
    assert [ours.shape.n_channels(s) for s in (4, 32, 64, 128)] == [16, 16, 8, 4]


def test_classes_must_be_chosen(path):
    path.write_bytes(pickled(random_generator(Config(c_dim=10))))
    with pytest.raises(BadOption) as caught:
        read_checkpoint(path)
    assert str(caught.value) == (
        f"{path}: its generator knows 10 classes, and none is chosen; expected one of 0 to 9. "
        "Choose with --class; import the file once for each class that you want."
    )
    with pytest.raises(BadOption, match="knows 10 classes, and 10 is chosen; expected one of 0 to 9"):
        read_checkpoint(path, 10)
    path.write_bytes(pickled(random_generator()))
    with pytest.raises(BadOption, match="its generator knows no classes"):
        read_checkpoint(path, 0)


def test_residual_connections_are_refused_with_the_reason(path):
    assert message(path, random_generator(Config(architecture="resnet"))) == (
        "is a StyleGAN2 with residual connections (architecture 'resnet'): its features are sums of two "
        "paths, "
        "which Partly's network does not make; expected the architecture 'skip' or 'orig'. Take a network "
        "trained with the architecture 'skip', which all configurations have."
    )
    assert message(path, random_generator(Config(architecture="other"))).startswith(
        "synthesis.b4.architecture is 'other'; expected 'skip' or 'orig'. Partly knows"
    )


def changed(module_name, kind, name, value):
    generator = random_generator()
    holder = getattr(generator[module_name] if module_name else generator, kind)
    if value is None:
        del holder[name]
    else:
        holder[name] = value
    return generator


@pytest.mark.parametrize(
    ("module", "kind", "name", "value", "said"),
    [
        (
            "synthesis.b16",
            "attributes",
            "architecture",
            "resnet",
            "is 'resnet'; expected 'skip'. Partly knows",
        ),
        ("synthesis.b8.conv0", "attributes", "activation", "relu", "activation is 'relu'; expected 'lrelu'"),
        ("synthesis.b8.conv0", "attributes", "up", 4, "synthesis.b8.conv0.up is 4; expected 2"),
        ("synthesis.b8.conv1", "attributes", "padding", None, "lacks synthesis.b8.conv1.padding; expected a"),
        ("synthesis.b8.conv1", "attributes", "conv_clamp", 1, "has layers with conv_clamp 1, 256; expected"),
        ("mapping.fc1", "attributes", "bias_gain", 1, "mapping.fc1.bias_gain is 1; expected 0.01"),
        ("mapping.fc0", "attributes", "bias_gain", "x", "mapping.fc0.bias_gain is 'x'; expected a factor"),
        ("mapping", "attributes", "z_dim", 0, "mapping.z_dim is 0; expected a whole number from 1 up"),
        ("mapping", "attributes", "num_layers", 3, "lacks mapping.fc2; expected FullyConnectedLayer"),
        ("synthesis", "attributes", "img_resolution", 48, "img_resolution is 48; expected 32"),
        ("", "attributes", "img_channels", 1, "img_channels is 1; expected 3"),
        ("synthesis", "modules", "b16", None, "lacks the tensor synthesis.b16.conv1.weight; expected all"),
        ("synthesis.b8", "modules", "conv0", None, "lacks the tensor synthesis.b8.conv0.resample_filter"),
        ("synthesis.b8", "buffers", "resample_filter", torch.ones(2, 2) / 4, "is a filter of 2 x 2 numbers"),
        ("synthesis.b8.conv0", "parameters", "noise_strength", None, "conv0.noise_strength; expected all"),
        (
            "synthesis.b8.conv0",
            "parameters",
            "weight",
            torch.zeros(12, 5, 3, 3),
            "expected [12, 12, 3, 3], by",
        ),
        (
            "synthesis.b8.torgb",
            "parameters",
            "bias",
            torch.zeros(4),
            "torgb.bias has shape [4]; expected [3]",
        ),
        ("synthesis.b8", "parameters", "extra", torch.zeros(4), "no StyleGAN2 has: synthesis.b8.extra;"),
        ("mapping", "buffers", "w_avg", torch.zeros(3), "mapping.w_avg has shape [3]; expected [16]"),
    ],
)
def test_networks_that_are_no_stylegan2(path, module, kind, name, value, said):
    assert said in message(path, changed(module, kind, name, value))


def test_modules_of_other_classes(path):
    generator = random_generator()
    generator.modules["mapping"].class_name = "OtherNetwork"
    assert message(path, generator) == "mapping is of class OtherNetwork; expected MappingNetwork."
    generator.modules["mapping"] = torch.ones(2)
    assert message(path, generator) == "mapping is no network; expected one."


def test_a_discriminator_by_mistake(path):
    assert message(path, Module("Discriminator")) == (
        "holds a Discriminator; expected a Generator. "
        "Take the whole pickle of the training, network-snapshot-*.pkl."
    )
    path.write_bytes(pickle.dumps(Module("Discriminator"), 3))
    with pytest.raises(BadModelFile, match="holds a Discriminator; expected a Generator"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps({"D": Module("Discriminator")}, 3))
    with pytest.raises(BadModelFile, match="holds D; expected the averaged generator, G_ema"):
        read_checkpoint(path)


def test_other_versions_of_persistence(path):
    generator = random_generator()
    generator.version = 7
    assert message(path, generator) == (
        "describes a network as 'class' of version 7; expected 'class' of version 6."
    )


def test_networks_within_themselves(path):
    path.write_bytes(endless_pickle())
    with pytest.raises(BadModelFile, match="holds networks in each other without end; expected 1000 modules"):
        read_checkpoint(path)


def test_half_descriptions(path):
    for meta in ({"type": "class", "version": 6, "class_name": "Generator"}, "Generator"):
        path.write_bytes(pickle.dumps({"G_ema": Described(meta)}, 3))
        with pytest.raises(
            BadModelFile, match="describes a network in a way that is not known; expected a d"
        ):
            read_checkpoint(path)
    meta = {"type": "class", "version": 6, "class_name": "Generator", "state": {}}
    path.write_bytes(pickle.dumps({"G_ema": Described(meta)}, 3))
    with pytest.raises(BadModelFile, match="the network lacks _parameters; expected a torch module"):
        read_checkpoint(path)


class Described:
    """A persistent object with whatever description."""

    def __init__(self, *meta):
        self.meta = meta

    def __reduce__(self):
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, self.meta


def endless_pickle():
    """A generator that is a module of itself, which only opcodes by hand make."""

    def text(words):
        return b"X" + struct.pack("<I", len(words)) + words.encode()

    state = b"}(" + text("_parameters") + b"}" + text("_buffers") + b"}" + text("_modules") + b"h\x00u"
    meta = text("type") + text("class") + text("version") + b"K\x06" + text("class_name") + text("Generator")
    made = (
        b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n}("
        + meta
        + text("state")
        + state
        + b"u\x85R"
    )
    return b"\x80\x03}q\x000" + made + b"q\x010h\x00" + text("own") + b"h\x01s0h\x01."
