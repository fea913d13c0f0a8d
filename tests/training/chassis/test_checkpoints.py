import pytest
import torch
from torch import nn

from partly.errors import BadModelFile
from partly.training.chassis.checkpoints import (
    Checkpoint,
    optimizer_tensors,
    read_checkpoint,
    restore_module,
    restore_optimizer,
    with_prefix,
    without_prefix,
    write_checkpoint,
)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    assert read_checkpoint(path) is None
    write_checkpoint(path, Checkpoint({"a": torch.arange(3)}, {"step": 4, "iou": None}))
    again = read_checkpoint(path)
    assert again.tensors["a"].tolist() == [0, 1, 2]
    assert again.values == {"step": 4, "iou": None}
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.safetensors"]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all"])
def test_damaged_checkpoint(content, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadModelFile, match=r"checkpoint.safetensors: is no checkpoint .* Delete the file"):
        read_checkpoint(path)


def test_truncated_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, Checkpoint({"a": torch.zeros(100)}, {}))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadModelFile, match="is no checkpoint"):
        read_checkpoint(path)


def test_prefixes():
    tensors = with_prefix("network", {"a.b": torch.zeros(1)}) | with_prefix("net", {"c": torch.ones(1)})
    assert list(tensors) == ["network.a.b", "net.c"]
    assert list(without_prefix("net", tensors)) == ["c"]


def test_an_optimizer_goes_on_where_it_was():
    def stepped(n_steps, restored=None):
        torch.manual_seed(0)
        layer = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
        if restored:
            layer.load_state_dict(restored[0])
            restore_optimizer(optimizer, restored[1])
        for _ in range(n_steps):
            optimizer.zero_grad()
            layer(torch.ones(1, 2, 4, 4)).square().sum().backward()
            optimizer.step()
        return layer.state_dict(), optimizer_tensors(optimizer)

    straight, in_two = stepped(5), stepped(2, stepped(3))
    assert all(torch.equal(straight[0][name], in_two[0][name]) for name in straight[0])
    assert straight[1].keys() == in_two[1].keys()
    assert all(torch.equal(straight[1][name], in_two[1][name]) for name in straight[1])


def test_weights_of_another_network(tmp_path):
    with pytest.raises(BadModelFile, match="is the checkpoint of another network; expected one of the same"):
        restore_module(nn.Linear(2, 3), nn.Linear(3, 3).state_dict(), tmp_path / "checkpoint.safetensors")


@pytest.mark.parametrize(("fused", "device"), [(True, "meta"), (False, "cpu")])
def test_a_checkpoint_goes_to_another_device(fused, device):
    """Steps are counted beside the parameters where one kernel does the whole step, as torch wants it."""
    layer = nn.Linear(2, 2)
    before = torch.optim.AdamW(layer.parameters(), fused=True)
    layer(torch.ones(1, 2)).sum().backward()
    before.step()
    after = torch.optim.AdamW(nn.Linear(2, 2, device="meta").parameters())
    after.param_groups[0]["fused"] = fused
    restore_optimizer(after, optimizer_tensors(before))
    for state in after.state.values():
        assert state["exp_avg"].device.type == "meta"
        assert state["step"].device.type == device
