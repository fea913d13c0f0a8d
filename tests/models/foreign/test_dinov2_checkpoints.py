import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from partly.cli.command_line import run
from partly.errors import BadModelFile, BadOption
from partly.models.encoders.dinov2_encoder import DinoV2Shape, load_dinov2, positions_on_grid
from partly.models.foreign.checkpoint_formats import read_checkpoint
from partly.models.zoo.checkpoint_import import import_checkpoint
from partly.models.zoo.installed_models import load_encoder
from partly.storage.model_folders import load_card
from tests.models.encoders.contract import photos
from tests.models.encoders.test_dinov2 import naive_tokens, seen
from tests.models.foreign.dinov2_look_alike import authors_tensors, hugging_face_tensors

N_HEADS = 2
_LINEAR = "blocks.0.mlp.fc1.weight"


@pytest.fixture(params=[0, 4])
def tensors(request):
    return authors_tensors(n_registers=request.param)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def both_files(tensors, folder, prefix=""):
    """The same network in both formats."""
    torch.save(tensors, folder / "authors.pth")
    save_file(hugging_face_tensors(tensors, prefix), folder / "model.safetensors")
    return folder / "authors.pth", folder / "model.safetensors"


def test_features_of_both_formats(tensors, folder):
    """On the learned positions' own grid, against the equations."""
    images = torch.rand(2, 3, 42, 42, generator=torch.Generator().manual_seed(1)) * 2 - 1
    wanted = naive_tokens(tensors, N_HEADS, seen(images))
    digests = set()
    for path in both_files(tensors, folder):
        imported = import_checkpoint(path, folder / path.stem)
        assert (imported.kind, imported.image_size_px, imported.remarks) == ("encoder", 448, ())
        network = load_encoder(imported.folder)
        for maps, tokens in zip(network.read(images).maps, wanted[1:], strict=True):
            torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens, rtol=1e-4, atol=1e-5)
        digests.add(network.digest)
    assert len(digests) == 1


def test_positions_reach_other_grids_as_each_program_does_it(folder):
    paths = both_files(authors_tensors(), folder)
    assert [read_checkpoint(path).network.positions for path in paths] == ["offset", "sized"]
    paths = both_files(authors_tensors(n_registers=4), folder)
    assert [read_checkpoint(path).network.positions for path in paths] == ["antialiased"] * 2
    network = read_checkpoint(paths[0]).network
    wanted = positions_on_grid(network.pos_embed[:, 1:], 1, 2, "antialiased")
    assert torch.equal(network._tokens(torch.zeros(1, 128, 1, 2))[0, 5:].T, wanted[0, :, 0])


@pytest.mark.parametrize("prefix", ["dinov2.", "dinov2_with_registers."])
def test_beside_a_classifier(tensors, folder, prefix):
    _, path = both_files(tensors, folder)
    whole = {**hugging_face_tensors(tensors, prefix), "classifier.weight": torch.zeros(1000, 256)}
    plain = import_checkpoint(path, folder / "plain")
    save_file(whole, path)
    classified = import_checkpoint(path, folder / "classified")
    assert classified.remarks == ("its classifier was left out",)
    assert load_encoder(plain.folder).digest == load_encoder(classified.folder).digest


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(tensors, folder, dtype):
    for path in both_files({name: t.to(dtype) for name, t in tensors.items()}, folder):
        imported = import_checkpoint(path, folder / path.stem)
        name = str(dtype).removeprefix("torch.")
        assert imported.remarks[0].startswith(f"it is in half precision ({name}), and was taken as float32")
        assert load_card(imported.folder).extra["checkpoint"]["remarks"] == list(imported.remarks)
        network = load_encoder(imported.folder)
        assert torch.equal(network.norm.weight, tensors["norm.weight"].to(dtype).float())
        assert network.read(photos(network, 1, (28, 28))).maps[0].dtype == torch.float32


def test_the_card(folder):
    path, _ = both_files(authors_tensors(n_registers=4), folder)
    import_checkpoint(path, folder / "m")
    card = load_card(folder / "m")
    assert card.extra["title"] == "DINOv2 of 4 blocks of 128 channels, with 4 registers, of authors.pth"
    assert "The files that Meta published as DINOv2 are Apache-2.0" in card.extra["licence"]
    assert card.extra["checkpoint"]["format"] == "dinov2"
    assert load_dinov2(folder / "m").shape == DinoV2Shape(128, 4, 2, 4, 3, "antialiased")


@pytest.mark.parametrize(
    ("width", "depth", "title"), [(384, 12, "small"), (768, 12, "base"), (1024, 24, "large")]
)
def test_sizes_by_name(width, depth, title):
    from partly.models.foreign.dinov2_checkpoints import _title

    assert _title(DinoV2Shape(width, depth, width // 64)) == f"DINOv2 {title}"
    assert _title(DinoV2Shape(width, depth, width // 64, 4)) == f"DINOv2 {title}, with 4 registers"


def refusal(tensors, folder):
    """What is said of the file of the authors' format."""
    path = folder / "x.pth"
    torch.save(tensors, path)
    with pytest.raises(BadModelFile) as caught:
        import_checkpoint(path, folder / "x")
    assert not (folder / "x").exists()
    return str(caught.value).removeprefix(f"{path}: ")


def test_incomplete_and_other_networks(tensors, folder):
    lacking = {n: t for n, t in tensors.items() if ".ls" not in n}
    assert refusal(lacking, folder) == (
        "lacks blocks.0.ls1.gamma, blocks.0.ls2.gamma, blocks.1.ls1.gamma and 5 more; expected all tensors "
        "of a DINOv2. It is incomplete, or of another network: download it again."
    )
    more = {**tensors, "head.weight": torch.zeros(2), "head.bias": torch.zeros(2)}
    assert refusal(more, folder).startswith(
        "has tensors that no DINOv2 has: head.bias, head.weight; expected the network of a published file"
    )
    assert refusal({**tensors, _LINEAR: torch.zeros(512, 127)}, folder).startswith(
        f"{_LINEAR} has shape [512, 127]; expected [512, 128], by the shapes of the other tensors. It is"
    )
    patches = {**tensors, "patch_embed.proj.weight": torch.zeros(128, 3, 16, 16)}
    assert refusal(patches, folder).startswith(
        "patch_embed.proj.weight has shape [128, 3, 16, 16]; expected [128, 3, 14, 14]"
    )
    assert refusal({**tensors, "pos_embed": torch.zeros(10, 128)}, folder) == (
        "pos_embed has shape [10, 128]; expected 3 axes."
    )
    assert refusal({n: t for n, t in tensors.items() if n != "pos_embed"}, folder).startswith(
        "lacks pos_embed;"
    )
    assert refusal({**tensors, "norm.bias": torch.full((128,), torch.nan)}, folder) == (
        "norm.bias holds numbers that are not finite. Download it again."
    )
    assert refusal({**tensors, "pos_embed": torch.zeros(1, 13, 128)}, folder).startswith(
        "pos_embed has shape [1, 13, 128]; expected [1, 10, 128]"
    )
    assert refusal(authors_tensors(depth=5), folder).startswith(
        "makes no DINOv2 that Partly knows (5 blocks; expected a multiple of 4.)"
    )


def test_numbers_of_another_type(tensors, folder):
    assert refusal({**tensors, _LINEAR: torch.zeros(512, 128, dtype=torch.int8)}, folder) == (
        f"{_LINEAR} is of type int8; expected float32, or float16 or bfloat16, which are taken as float32. "
        "Take the file as it was published, not one made smaller for another program."
    )
    assert refusal({**tensors, "epoch": 3}, folder).startswith("epoch is of type int;")


def test_giants(tensors, folder):
    giant = {n.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3"): t for n, t in tensors.items()}
    assert refusal(giant, folder) == (
        "is a giant DINOv2, whose blocks are others (SwiGLU); expected a small, base or large one. Take "
        "dinov2_vitl14_pretrain.pth, or a smaller one."
    )
    save_file(
        hugging_face_tensors(tensors) | {"encoder.layer.0.mlp.weights_in.bias": torch.ones(1)},
        "g.safetensors",
    )
    with pytest.raises(BadModelFile, match="is a giant DINOv2"):
        read_checkpoint(folder / "g.safetensors")


def test_an_incomplete_file_of_hugging_face(tensors, folder):
    _, path = both_files(tensors, folder)
    theirs = hugging_face_tensors(tensors)
    del theirs["encoder.layer.1.attention.attention.key.bias"]
    save_file(theirs, path)
    with pytest.raises(BadModelFile, match=r"lacks blocks\.1\.attn\.qkv\.bias; expected all tensors"):
        read_checkpoint(path)
    del theirs["encoder.layer.0.layer_scale1.lambda1"]
    save_file(theirs, path)
    with pytest.raises(BadModelFile, match=r"lacks blocks\.0\.ls1\.gamma, blocks\.1\.attn\.qkv\.bias"):
        read_checkpoint(path)


def test_files_that_are_cut_off(tensors, folder):
    for path in both_files(tensors, folder):
        data = path.read_bytes()
        for n_bytes in (len(data) - 1, len(data) // 2, 60):
            path.write_bytes(data[:n_bytes])
            with pytest.raises(BadModelFile, match=r"cannot be read \(.*It may be cut off: copy or download"):
                import_checkpoint(path, folder / "x")
        assert not (folder / "x").exists()


def test_pointers_of_git_lfs(folder):
    path = folder / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 88000000\n")
    with pytest.raises(BadModelFile, match=r"is a Git LFS pointer.*Fetch the file itself with git lfs pull"):
        read_checkpoint(path)


def test_other_files_of_safetensors(folder):
    save_file({"layer.0.attention.weight": torch.zeros(2)}, folder / "other.safetensors")
    with pytest.raises(
        BadModelFile,
        match=r"holds a dict of layer\.0\.attention\.weight, no network .*DINOv2 in the layout of Hu",
    ):
        read_checkpoint(folder / "other.safetensors")


def test_no_code_is_run(folder, tensors):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    torch.save({**tensors, "x": Evil()}, folder / "x.pth")
    (folder / "x.pkl").write_bytes(pickle.dumps({**dict.fromkeys(tensors, 1), "x": Evil()}))
    for name in ("x.pth", "x.pkl"):
        with pytest.raises(BadModelFile, match="print; it was refused, and nothing of the file was run"):
            read_checkpoint(folder / name)


def test_no_classes(folder):
    path, _ = both_files(authors_tensors(), folder)
    with pytest.raises(BadOption, match=r"its network knows no classes. Choose none"):
        read_checkpoint(path, 3)


def test_the_verb(folder, capsys):
    both_files(authors_tensors(), folder)
    assert run(["get", "authors.pth", "--out", "dino"]) == 0
    said = capsys.readouterr().out
    assert "authors.pth is here now: dino (448 px)\n" in said
    assert "Next: partly new PROJECT --photos FOLDER --features dino --parts …" in said
    assert run(["get", "authors.pth", "--out", "dino", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["was_there"]) == ("encoder", True)
