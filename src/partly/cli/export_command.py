"""``partly export``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.project import ExportChoice


@click.command()
@click.argument("network_folder", metavar="NETWORK", type=click.Path(path_type=Path))
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@takes(choice=ExportChoice)
@json_option
def command(network_folder: Path, file: Path | None, choice: ExportChoice, as_json: bool) -> None:
    """Write NETWORK (a project, or the folder of its network) as one ONNX FILE, for programs without Partly.

    By default that is network.onnx beside the network's model.json. What it says is compared with the network
    itself before it is kept. Takes some seconds, and the extra of Partly that is called export. The file of
    the better network (--with best) reads photos of one size: resize them to it.
    """
    from partly.inference.export import read_onnx_facts
    from partly.project import export_network

    output = Output(as_json)
    written = export_network(network_folder, file, choice)
    output.say(
        f"Exported: {written.path} ({written.n_bytes / 1e6:.1f} MB); "
        f"its logits differ from the network's by {written.largest_difference:.0e} at most"
    )
    output.result(
        {
            "file": str(written.path),
            "n_bytes": written.n_bytes,
            "opset": written.opset,
            "largest_difference": written.largest_difference,
            **read_onnx_facts(written.path),
        }
    )
