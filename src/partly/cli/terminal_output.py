"""What a verb says: text for people on stdout or, with ``--json``, JSON on stdout and text on stderr.

Of several processes that do one piece of work together, the first says it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from partly.machine import is_first_process

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True)
class Output:
    """Where text and results go.

    Attributes:
        as_json: results are for a script.
    """

    as_json: bool = False

    def say(self, text: str = "") -> None:
        """Tell people something."""
        if is_first_process():
            click.echo(text, err=self.as_json)

    def result(self, values: Any) -> None:
        """Give a script its result; people were told already."""
        if self.as_json and is_first_process():
            click.echo(json.dumps(values, indent=1, ensure_ascii=False))

    def show(self, table: Any) -> None:
        """Show people a table of rich."""
        from rich.console import Console

        Console(stderr=self.as_json, highlight=False).print(table)


def json_option(command: CommandT) -> CommandT:
    """The option ``--json``."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print the result as JSON on stdout, everything else on stderr.",
    )(command)
