"""Flags are made of fields."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import pytest
from click.testing import CliRunner

from partly.cli.option_flags import takes, takes_given
from partly.data.label_formats.format_names import FORMAT_NAMES
from partly.data.label_formats.label_formats import FORMATS
from partly.errors import BadOption
from partly.models.generators.truncation import Truncation
from partly.models.networks.architectures import ARCHITECTURES
from partly.models.zoo.installed_feature_networks import FEATURE_NETWORKS
from partly.project.evaluation_options import FEATURE_NETWORK_NAMES
from partly.storage.option_fields import check_options, option, options_of
from partly.synthesis.distil.distil_options import ARCHITECTURE_NAMES


@dataclass(frozen=True)
class Choices:
    """All kinds of options."""

    n: int = option(3, "How many.", flag="--many", at_least=2)
    share: float = option(0.5, "How much.", what="a share", at_least=0, below=1)
    sort: Literal["a", "b"] = option("a", "Which.")
    is_kept: bool = option(True, "Whether it stays.", flag="--keep/--drop")
    names: tuple[str, ...] = option((), "Of whom.", flag="--name", metavar="WHO")
    file: Path | None = option(None, "Where.")
    between: Truncation = option(Truncation(), "How far.", at_least=0, at_most=2)
    hidden: int = option(7, "Nobody's flag.", flag="")
    own: int = 8

    def __post_init__(self) -> None:
        check_options(self)


def called(decorator, *words):
    heard = []

    @click.command()
    @decorator
    def command(chosen):
        heard.append(chosen)

    result = CliRunner().invoke(command, words)
    return heard[0] if heard else result


def test_a_command_gets_one_dataclass():
    assert called(takes(chosen=Choices)) == Choices()
    words = (
        "--many",
        "4",
        "--share",
        "0",
        "--sort",
        "b",
        "--drop",
        "--name",
        "x",
        "--name",
        "y",
        "--file",
        "f",
        "--between",
        "0.5",
        "1",
    )
    assert called(takes(chosen=Choices), *words) == Choices(
        4, 0.0, "b", False, ("x", "y"), Path("f"), Truncation(0.5, 1.0)
    )


def test_or_what_is_given_alone():
    assert called(takes_given(chosen=Choices)) == {}
    assert called(takes_given(chosen=Choices), "--drop", "--many", "1") == {"is_kept": False, "n": 1}


def test_values_out_of_range_are_refused_by_the_field():
    result = called(takes(chosen=Choices), "--many", "1")
    assert isinstance(result.exception, BadOption)
    assert str(result.exception) == "n is 1; expected 2 or more."
    assert called(takes(chosen=Choices), "--sort", "c").exit_code == 2


def test_help_and_defaults_are_those_of_the_field():
    text = " ".join(called(takes(chosen=Choices), "--help").output.split())
    assert "--many INTEGER How many. [default: 3]" in text
    assert "--keep / --drop Whether it stays. [default: keep]" in text
    assert "--name WHO Of whom." in text
    assert "--between LOW HIGH How far. [default: 0.7, 1.0]" in text
    assert "hidden" not in text
    assert "[default" not in called(takes_given(chosen=Choices), "--help").output


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n": "4"}, "n is '4'; expected a whole number."),
        ({"n": True}, "n is True; expected a whole number."),
        ({"share": 1.0}, "share is 1.0; expected a share from 0 to below 1."),
        ({"share": float("nan")}, "share is nan; expected a share from 0 to below 1."),
        ({"sort": "c"}, "sort is 'c'; expected one of a, b."),
        ({"names": (1,)}, "names is (1,); expected a list of texts."),
        ({"file": "f"}, "file is 'f'; expected a path, or none."),
        ({"between": 0.5}, "between is 0.5; expected two numbers, the lower one first."),
        ({"between": (0.5, True)}, "between is (0.5, True); expected two numbers, the lower one first."),
        (
            {"between": (1, 0.5)},
            "between is (1, 0.5); expected two numbers, the lower one first, both 0 to 2.",
        ),
        ({"between": (0, 3)}, "between is (0, 3); expected two numbers, the lower one first, both 0 to 2."),
    ],
)
def test_texts_of_what_cannot_be(values, said):
    with pytest.raises(BadOption) as caught:
        Choices(**values)
    assert str(caught.value) == said


def test_ranges_in_words():
    @dataclass(frozen=True)
    class Ranges:
        up: float = option(1, "", above=0)
        down: float = option(1, "", at_most=2)
        below: float = option(1, "", what="a share", below=2)
        between: float = option(1, "", what="a factor", above=0, at_most=8)

    texts = [one.expected for one in options_of(Ranges)]
    assert texts == ["more than 0", "2 or less", "a share, below 2", "a factor from above 0 to 8"]


def test_a_field_of_another_type_is_a_defect():
    @dataclass(frozen=True)
    class Wrong:
        value: complex = option(1j, "")

    with pytest.raises(TypeError, match="the option value is of type <class 'complex'>"):
        options_of(Wrong)


def test_names_that_stand_without_what_they_name():
    assert list(FORMAT_NAMES) == list(FORMATS)
    assert list(ARCHITECTURE_NAMES) == list(ARCHITECTURES)
    assert FEATURE_NETWORK_NAMES == FEATURE_NETWORKS
