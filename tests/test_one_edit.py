"""A new choice is one edit: a field of a dataclass of options shows on all faces."""

import runpy
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner

from partly.cli.option_flags import takes_given, takes_given_of_any
from partly.project.project_settings import commented
from partly.storage.option_fields import option
from partly.studio.session.job_forms import form_of

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class FakeOptions:
    """Of a recipe that nobody has."""

    n_moons: int = option(
        2, "Moons that pull at the picture.", at_least=1, at_most=9, in_project=True, in_form=True
    )


@dataclass(frozen=True)
class OtherOptions:
    """Of another one."""


def helped(decorator):
    @click.command()
    @decorator
    def command(given):
        click.echo(given)

    return command, " ".join(CliRunner().invoke(command, ["--help"]).output.split())


def test_the_command_line():
    command, text = helped(takes_given(given=FakeOptions))
    assert "--n-moons INTEGER Moons that pull at the picture." in text
    assert CliRunner().invoke(command, ["--n-moons", "3"]).output == "{'n_moons': 3}\n"
    _, text = helped(takes_given_of_any("given", {"fake": FakeOptions, "other": OtherOptions}))
    assert "Moons that pull at the picture. [fake] [default: 2]" in text


def test_project_toml():
    assert commented(FakeOptions(3)) == "# Moons that pull at the picture. 1 to 9.\nn_moons = 3\n"


def test_the_form_of_the_studio():
    (field,) = form_of((FakeOptions, OtherOptions), {"n_moons": 4})
    assert field == {
        "name": "n_moons",
        "kind": "int",
        "help": "Moons that pull at the picture.",
        "range": "1 to 9",
        "choices": [],
        "least": 1,
        "most": 9,
        "value": 4,
    }


def test_the_reference():
    options_text = runpy.run_path(str(ROOT / "scripts" / "generate_reference.py"))["options_text"]
    text = options_text("A fake", FakeOptions)
    assert "| `n_moons` | `--n-moons` | 2 | 1 to 9 | Moons that pull at the picture. |" in text
