import pytest
import torch

from partly.errors import BadModelFile
from partly.models.networks.efficientnet_encoder import EfficientNetLite0, convert_efficientnet_lite0

FOREIGN_BLOCK = {
    "expand.conv": "_expand_conv",
    "expand.norm": "_bn0",
    "depthwise.conv": "_depthwise_conv",
    "depthwise.norm": "_bn1",
    "project.conv": "_project_conv",
    "project.norm": "_bn2",
}


def foreign_name(own):
    first, rest = own.split(".", 1)
    if first == "stem":
        layer, tensor = rest.split(".", 1)
        return {"conv": "_conv_stem", "norm": "_bn0"}[layer] + "." + tensor
    number, kind, layer, tensor = rest.split(".", 3)
    return f"_blocks.{number}.{FOREIGN_BLOCK[f'{kind}.{layer}']}.{tensor}"


@pytest.fixture(scope="module")
def own():
    torch.manual_seed(0)
    return EfficientNetLite0().state_dict()


@pytest.fixture
def foreign(own):
    classifier = {
        "_conv_head.weight": torch.zeros(1280, 320, 1, 1),
        "_bn1.weight": torch.zeros(1280),
        "_fc.weight": torch.zeros(1000, 1280),
        "_fc.bias": torch.zeros(1000),
    }
    return {foreign_name(name): tensor for name, tensor in own.items()} | classifier


def test_every_tensor_gets_its_place(own, foreign):
    converted = convert_efficientnet_lite0(foreign)
    assert converted.keys() == own.keys()
    assert all(torch.equal(converted[name], own[name]) for name in own)
    EfficientNetLite0().load_state_dict(converted)


def test_tensors_come_out_contiguous_so_that_they_can_be_saved(foreign):
    foreign["_conv_stem.weight"] = torch.zeros(3, 3, 3, 32).permute(3, 2, 0, 1)
    assert all(tensor.is_contiguous() for tensor in convert_efficientnet_lite0(foreign).values())


def test_unknown_tensor(foreign):
    with pytest.raises(
        BadModelFile, match=r"has a tensor 'conv1.weight'; expected the weights of the package"
    ):
        convert_efficientnet_lite0(foreign | {"conv1.weight": torch.zeros(1)})


def test_missing_tensor(foreign):
    del foreign["_blocks.3._depthwise_conv.weight"]
    with pytest.raises(BadModelFile, match=r"1 tensors are missing .* 'blocks.3.depthwise.conv.weight'"):
        convert_efficientnet_lite0(foreign)


def test_tensor_of_another_shape(foreign):
    foreign["_conv_stem.weight"] = torch.zeros(16, 3, 3, 3)
    with pytest.raises(BadModelFile, match=r"'stem.conv.weight'"):
        convert_efficientnet_lite0(foreign)
