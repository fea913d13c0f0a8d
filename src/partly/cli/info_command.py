"""``partly info``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from partly.cli.terminal_output import Output, json_option
from partly.fewshot.fitting import LabelQuality


@click.command()
@click.argument("folder", metavar="[PROJECT|MODEL]", required=False, type=click.Path(path_type=Path))
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """Tell versions and models in the cache; or what a PROJECT has and needs next; or about a MODEL."""
    from partly.project import describe

    output = Output(as_json)
    values = describe(folder)
    for line in _lines(values):
        output.say(line)
    output.result(values)


def _lines(values: dict[str, Any], indent: str = "") -> list[str]:
    """Names and values, a line each; what is nested stands further in."""
    lines = []
    for name, value in values.items():
        label = name.replace("_", " ")
        if name == "label_quality":
            lines += [
                f"{indent}{label}:",
                *(f"{indent}  {line}" for line in LabelQuality.from_json(value).lines),
            ]
        elif isinstance(value, dict):
            lines += [f"{indent}{label}:", *_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{indent}{label}:", *(f"{indent}  {_line(entry)}" for entry in value)]
        else:
            lines.append(f"{indent}{label}: {_text(value)}")
    return lines


def _line(entry: dict[str, Any]) -> str:
    """One entry of a list: its texts, and the names of what is true of it."""
    texts = [value for value in entry.values() if isinstance(value, str)]
    facts = [f"{'' if v else 'not '}{k.removeprefix('is_')}" for k, v in entry.items() if isinstance(v, bool)]
    return "; ".join([*texts, *facts])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return "none" if value is None else str(value)
