"""Digests of all that Partly trains and makes, in short seeded runs: whether a change of the code changed it.

``python -m benchmarks.digests --out FILE`` runs every kind of training for some steps, by the command line,
and writes a SHA-256 for each; ``--compare FILE`` prints which differ from those of a file, and ends with 1 if
any does. ``benchmarks/digests-0.1.json`` is of version 0.1.0. Other processors, and other versions of torch,
may give other last digits, and so other digests: compare on one machine.

All goes through the command line and public names, and the few inner names through :func:`_inner`, so
that files of Partly may move. Nothing may depend on what was drawn before: the global seeds are others each
time.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import importlib
import io
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import partly

Digests = Iterator[tuple[str, str]]
_PHOTOS = "portraits:24"
_TRAIN = ("--size", "32", "--batch", "4")
_DISTIL = ("--n-pictures", "12", "--steps", "3", "--size", "64", "--workers", "1")
_N_SELF_TRAINING = 6
_KINDS_OF_FIT = ("ridge", "kernel", "mlp-0", "mlp-1", "mlp-2", "cnn-s", "cnn-m", "cnn-l")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--out", type=Path, help="where the digests are written")
    options.add_argument("--compare", type=Path, help="digests of before")
    options.add_argument("--only", default="", help="only groups whose name begins so")
    arguments = options.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = _all(Path(folder), arguments.only)
    text = json.dumps({"torch": torch.__version__, "digests": found}, indent=1) + "\n"
    if arguments.out:
        arguments.out.write_text(text)
    elif not arguments.compare:
        print(text, end="")
    return _compare(found, arguments.compare, arguments.only) if arguments.compare else 0


def _all(folder: Path, only: str) -> dict[str, str]:
    """Name to digest; what fails has the error in place of a digest."""
    found: dict[str, str] = {}
    for name, group in GROUPS.items():
        if not name.startswith(only):
            continue
        (folder / name).mkdir()
        began = time.monotonic()
        try:
            for key, digest in group(folder / name):
                found[f"{name}/{key}"] = digest
        except Exception as error:  # noqa: BLE001
            found[f"{name}/failed"] = f"{type(error).__name__}: {error}"
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        shutil.rmtree(folder / name)
    return found


def _compare(found: Mapping[str, str], path: Path, only: str) -> int:
    before = json.loads(path.read_text())
    if before["torch"] != torch.__version__:
        print(f"torch was {before['torch']}, and is {torch.__version__}: digests may differ by that alone")
    known = {name: digest for name, digest in before["digests"].items() if name.startswith(only)}
    differ = [name for name in sorted(known | found) if known.get(name) != found.get(name)]
    for name in differ:
        print(f"{name}: was {known.get(name, 'not there')}, is {found.get(name, 'not there')}")
    print(f"{len(differ)} of {len(known | found)} differ")
    return 1 if differ else 0


def _partly(*words: object) -> None:
    """Run one command line in this process."""
    from partly.cli import main as partly_main

    torch.seed()
    np.random.seed()
    said = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(patch.object(sys, "argv", ["partly", *map(str, words)]))
        stack.enter_context(redirect_stdout(said))
        stack.enter_context(redirect_stderr(said))
        try:
            partly_main()
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"partly {' '.join(map(str, words))}: {said.getvalue()}") from None


def _inner(name: str, fits: Callable[[Any], bool] = lambda _value: True) -> Any:
    """What a module of Partly calls so at its top level, wherever that module is."""
    root = Path(partly.__path__[0])
    written = re.compile(rf"^(class |def )?{name}\b *(\(|:|=)", re.MULTILINE)
    for path in sorted(root.rglob("*.py")):
        if written.search(path.read_text(encoding="utf-8")):
            words = (root.name, *path.relative_to(root).with_suffix("").parts)
            value = getattr(importlib.import_module(".".join(w for w in words if w != "__init__")), name)
            if fits(value):
                return value
    raise LookupError(name)


# Digests


def _of_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _of_model(folder: Path) -> str:
    return _of_tensors(load_file(folder / "model.safetensors"))


def _of_pixels(paths: list[Path]) -> str:
    """Names, sizes and pixels of pictures, whatever way they are compressed."""
    assert paths
    digest = hashlib.sha256()
    for path in paths:
        with Image.open(path) as image:
            digest.update(f"{path.name} {image.mode} {image.size};".encode() + image.tobytes())
    return digest.hexdigest()


def _of_shards(folder: Path) -> str:
    """Names and contents of what is in the tars."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.tar")):
        with tarfile.open(path) as tar:
            for member in sorted(tar.getmembers(), key=lambda m: m.name):
                content = tar.extractfile(member)
                assert content is not None
                digest.update(f"{member.name};".encode() + content.read())
    return digest.hexdigest()


def _of_lines(path: Path) -> str:
    """Values of JSON lines, but for times, speeds, and terms, which version 0.1.0 did not tell."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{k: v for k, v in line.items() if not k.endswith(("_s", "_terms"))} for line in lines]
    assert kept
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


# Generators


def _trained(folder: Path, *words: object, photos: object = _PHOTOS, n_shown: int = 32) -> str:
    _partly("train", photos, folder, *_TRAIN, "--photos-shown", n_shown, *words)
    return _of_model(folder)


def _families(folder: Path) -> Digests:
    """Each family as its preset has it: R1 with stylegan2 and light, self-supervision with light."""
    for family in ("light", "dcgan", "mlp", "vae"):
        narrow = () if family in ("dcgan", "mlp") else ("--width", "0.25")
        place = folder / family
        yield family, _trained(place, "--family", family, *narrow, n_shown=64)
        yield f"{family}/log", _of_lines(place / "training" / "log.jsonl")
    yield "vae/encoder", _of_model(folder / "vae" / "encoder")
    yield "mlp/measures", _of_lines(folder / "mlp" / "training" / "measures.jsonl")
    yield "mlp/grid", _of_pixels(sorted((folder / "mlp" / "pictures").glob("*.png")))


def _stylegan2(folder: Path) -> Digests:
    """As its preset has it, and with path lengths, which no preset has."""
    narrow = ("--family", "stylegan2", "--width", "0.25")
    yield "stylegan2", _trained(folder / "plain", *narrow, n_shown=16)
    recipes = _inner("RECIPES", lambda known: "stylegan2" in known)
    recipe = recipes["stylegan2"]
    with_path_length = copy.copy(recipe)

    def preset(size_px: int) -> Any:
        plain = recipe.preset(size_px)
        return replace(plain, path_length=True, penalty_every=4, path_length_every=2)

    with_path_length.preset = preset
    with patch.dict(recipes, stylegan2=with_path_length):
        yield "stylegan2/path length", _trained(folder / "path", *narrow, n_shown=12)


def _objectives(folder: Path) -> Digests:
    """Each objective on the smallest networks; gradient penalty with wasserstein."""
    for objective in ("non-saturating", "minimax", "hinge", "wasserstein"):
        words = ("--family", "mlp", "--objective", objective)
        yield objective, _trained(folder / objective, *words, n_shown=60)
    words = ("--family", "dcgan", "--objective", "wasserstein", "--discriminator-steps", "2")
    yield "wasserstein of dcgan", _trained(folder / "dcgan", *words)
    words = ("--family", "light", "--objective", "hinge", "--width", "0.25")
    yield "hinge of light", _trained(folder / "light", *words)


def _augmentations(folder: Path) -> Digests:
    """Each augmentation; adaptive ones also with all changes, at a p that a short training never reaches."""
    for augment in ("ada", "diff", "none"):
        yield augment, _trained(folder / augment, "--family", "mlp", "--augment", augment, "--seed", "1")
    for name in _inner("TRANSFORMS"):
        with _strong_ada(name):
            yield f"ada {name}", _trained(folder / name, "--family", "mlp", "--augment", "ada", n_shown=24)


def _choices(folder: Path) -> Digests:
    """Steps in turn, photos of a folder, a start from another generator, and going on."""
    mlp = ("--family", "mlp")
    both = ("--discriminator-steps", "2", "--generator-steps", "3")
    yield "two and three steps", _trained(folder / "steps", *mlp, *both)
    _draw(folder / "photos", 6, 1)
    padded = ("--fit", "pad", "--no-mirror", "--seed", "3")
    yield "pad, no mirror", _trained(folder / "pad", *mlp, *padded, photos=folder / "photos")
    yield "squares", _of_files(folder / "pad" / "photos", "*.u8")
    yield "start from", _trained(folder / "start", *mlp, "--start-from", folder / "pad", "--seed", "4")
    with _strong_ada("bgc"):
        yield from _in_two_goes(folder / "mlp", *mlp, "--augment", "ada")
    yield from _in_two_goes(folder / "vae", "--family", "vae", "--width", "0.25")


def _in_two_goes(folder: Path, *words: object) -> Digests:
    """A training at once, and one that was made longer."""
    at_once = _trained(folder / "whole", *words, n_shown=32)
    _trained(folder / "parts", *words, n_shown=16)
    went_on = _trained(folder / "parts", *words, n_shown=32)
    yield f"{folder.name} at once", at_once
    yield f"{folder.name} in two goes", went_on
    yield f"{folder.name} is the same", str(at_once == went_on)


def _strong_ada(name: str) -> Any:
    """Adaptive augmentation with one of its sets, at a p that a short training never reaches."""
    ada, transforms = _inner("AdaptiveAugmentation"), _inner("TRANSFORMS")[name]
    return patch.dict(_inner("AUGMENTATIONS"), ada=lambda: ada(transforms, first_p=0.7, every=2, n_photos=80))


def _of_files(folder: Path, pattern: str) -> str:
    paths = sorted(folder.rglob(pattern))
    assert paths
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


# Projects


def _draw(folder: Path, n: int, seed: int) -> None:
    """Drawn portraits as PNG."""
    folder.mkdir()
    for number, portrait in enumerate(_inner("draw_portraits")(n, seed=seed)):
        Image.fromarray(portrait.pixels).save(folder / f"{number}.png")


def _project(folder: Path) -> Path:
    """A project of drawn portraits with the label that ships, made quick."""
    project = folder / "project"
    _partly("new", project, "--generator", "portraits")
    _write_choices(project / "project.toml", _N_SELF_TRAINING)
    _partly("label", project, "--shipped", "portrait-1")
    return project


def _write_choices(path: Path, n_self_training: int) -> None:
    """The defaults of version 0.1 for all generators; a new project may begin with others."""
    before, _, rest = path.read_text().partition("[few_shot]")
    _, parts, after = rest.partition("[[parts]]")
    assert parts
    path.write_text(f"{before}[few_shot]\nn_self_training = {n_self_training}\n\n{parts}{after}")


def _fitted(project: Path, *words: object) -> str:
    _partly("fit", project, *words)
    return _of_model(project / "models" / "few_shot")


@contextmanager
def _short_fits() -> Iterator[None]:
    """Few steps for methods that are trained, which they are not by themselves."""
    first = type(partly.FewShotConfig().gradient).__init__
    assert first.__defaults__
    with patch.object(first, "__defaults__", (4, *first.__defaults__[1:])):
        assert partly.FewShotConfig().gradient.n_steps == 4
        yield


def _proposals(folder: Path) -> Digests:
    """Which pictures are proposed, in which order, and what they look like; labels that are taken in."""
    project = _project(folder)
    yield "shipped label", _of_pixels(sorted((project / "annotations").glob("*.png")))
    _partly("fit", project)
    for name, words in {"best": (), "together": ("--together",), "unsure": ("--unsure",)}.items():
        shutil.rmtree(project / "pictures")
        shutil.rmtree(project / "latents")
        _partly("pictures", project, "--n", "4", "--candidates", "12", *words)
        paths = [
            path for path in sorted((project / "pictures").glob("*.png")) if path.stem != "contact-sheet"
        ]
        ordered = sorted(paths, key=lambda path: path.stat().st_mtime_ns)
        yield name, ", ".join(path.stem for path in ordered)
        yield f"{name}/pixels", _of_pixels(paths)
    label = np.zeros((64, 64), np.uint8)
    for part in range(1, 8):
        label[8 * part : 8 * part + 8, 4 * part :] = part
    Image.fromarray(label, "L").save(folder / "label.png")
    taken = project / "annotations"
    _partly("label", project, folder / "label.png", "--picture", paths[0].stem)
    yield "label taken in", _of_pixels(sorted(taken.glob("picture-*.png")))
    yield "fitted on two labels", _fitted(project, "--method", "ridge")


def _fits(folder: Path) -> Digests:
    """Every few-shot method, and ensembles."""
    project = _project(folder)
    yield "ridge", _fitted(project)
    yield "ridge/previews", _of_pixels(sorted(project.glob("runs/*-fit/previews.png")))
    yield "kernel", _fitted(project, "--method", "kernel")
    yield "free layout, seed 1", _fitted(project, "--free-layout", "--seed", "1")
    with _short_fits():
        for method in _KINDS_OF_FIT[2:]:
            yield method, _fitted(project, "--method", method)
        words = [word for method in ("ridge", "mlp-0", "cnn-s") for word in ("--method", method)]
        yield "ensemble", _fitted(project, *words)
    _write_choices(project / "project.toml", 0)
    yield "ridge without self-training", _fitted(project)


def _distils(folder: Path) -> Digests:
    """Every kind of auto-shot network and of training, synthesis, and labels of photos."""
    project = _project(folder)
    _partly("fit", project)
    network, photos = project / "models" / "auto_shot", folder / "photos"

    def distilled(*words: object) -> str:
        _partly("distil", project, *_DISTIL, *words)
        return _of_model(network)

    small = ("--architecture", "unet-small")
    yield "plain", distilled(*small, "--steps", "30")
    yield "pictures", _of_shards(project / "labelled" / "pictures")
    yield "labels", _of_shards(project / "labelled" / "labels")
    yield "panels", _of_pixels(sorted(project.glob("runs/*-distil/panels/*.png")))
    _draw(photos, 2, 77)
    for name, words in {
        "segment": (),
        "segment thoroughly": ("--thorough",),
        "one way": ("--no-mirror",),
    }.items():
        _partly("segment", project, photos, "--out", folder / name, *words)
        yield name, _of_pixels(sorted((folder / name).rglob("*.png")))
        yield f"{name}/areas", _of_files(folder / name, "areas.json")
    yield "second round", distilled(*small, "--second-round", "1.0")
    yield "painted share", distilled(*small, "--painted-share", "0.5")
    yield "recoloured parts", distilled(*small, "--recolour-parts", "0.7")
    yield (
        "all of it",
        distilled(
            *small,
            "--second-round",
            "0.7",
            "--painted-share",
            "0.6",
            "--recolour-parts",
            "0.5",
            "--seed",
            "2",
        ),
    )
    yield "drop uncertain", distilled(*small, "--drop-uncertain", "0.3")
    yield "two stages", distilled(*small, "--size", "160")
    yield "unet-medium", distilled("--architecture", "unet-medium")
    yield "unet-paper", distilled("--architecture", "unet-paper", "--steps", "1")
    yield "lite0-unet", distilled("--architecture", "lite0-unet", "--from-scratch")
    shutil.rmtree(project / "labelled")
    yield "two workers", distilled(*small, "--n-pictures", "30", "--workers", "2", "--seed", "5")
    yield "two workers/pictures", _of_shards(project / "labelled" / "pictures")


def _api(folder: Path) -> Digests:
    """The five lines of Python."""
    torch.seed()
    generator = partly.load_generator("portraits")
    config = partly.FewShotConfig(n_self_training=_N_SELF_TRAINING)
    teacher = partly.fit_few_shot(generator, partly.load_annotations("portraits")[:1], config=config)
    yield "teacher", _of_tensors(teacher.segmenter.state_dict())
    choices = partly.DistilConfig(
        n_pictures=8, size_px=64, architecture="unet-small", pretrained=False, n_steps=2
    )
    network = partly.distil(generator, teacher, choices, n_workers=1)
    yield "network", _of_tensors(network.state_dict())
    _draw(folder / "photos", 1, 3)
    labels = network.segment(folder / "photos" / "0.png")
    yield "label map", hashlib.sha256(labels.label_map.tobytes()).hexdigest()


GROUPS: dict[str, Callable[[Path], Digests]] = {
    "train": _families,
    "train stylegan2": _stylegan2,
    "objective": _objectives,
    "augment": _augmentations,
    "choices": _choices,
    "proposals": _proposals,
    "fit": _fits,
    "distil": _distils,
    "api": _api,
}


if __name__ == "__main__":
    sys.exit(main())
