"""``partly serve``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.inference.segment import ViewOptions
from partly.project import SegmentChoice
from partly.service import ServiceOptions


@click.command()
@click.argument("network", metavar="NETWORK", type=click.Path(path_type=Path))
@takes(choice=SegmentChoice, view=ViewOptions, options=ServiceOptions)
@json_option
def command(
    network: Path, choice: SegmentChoice, view: ViewOptions, options: ServiceOptions, as_json: bool
) -> None:
    """Serve NETWORK over HTTP: an exported file, which needs no torch, a project, or a network's folder.

    A folder's network is exported first, if it was not. POST a photo to /segment, and get a label map,
    polygons or run lengths. It is an ML backend of Label Studio, too. Ctrl-C ends it, when open requests
    are answered, at the latest after half a minute. Takes the extra of Partly that is called serve.
    """
    from partly.project import served_file
    from partly.service.answers import PhotoSegmenting
    from partly.service.http import serve_network
    from partly.web import Security

    output = Output(as_json)
    served = served_file(network, choice)
    for note in served.notes:
        output.say(f"Note: {note}.")

    def started(security: Security, segmenting: PhotoSegmenting) -> None:
        output.say(f"Serving {served.path} at {security.address}")
        if security.token:
            output.say(f"It asks for the token {security.token}")
        output.say(f"Try: curl --data-binary @photo.jpg {security.address}segment --output labels.png")
        output.say("End with Ctrl-C.")
        output.result({"url": security.address, "token": security.token, **segmenting.facts()})

    serve_network(served.path, view, options, started)
    output.say("Ended.")
