"""``project.toml``: generator, choices and part set; written once, then edited by hand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tomli_w

from partly.annotations.part_sets import PartSet
from partly.downloads.catalogue import generator_names
from partly.errors import BadLabel, BadOption, BadProject
from partly.files import write_text

SCHEMA_VERSION = 1
FILE_NAME = "project.toml"
_HEAD = """\
# A project of Partly. Edit it as you like: `partly info` checks it and says what is next.
# Parts are in order of their ids; the first is the background. A part with `mirror = "name"` becomes that
# part in a mirrored picture.

"""


@dataclass(frozen=True)
class FewShotChoices:
    """The defaults of ``partly fit``.

    Attributes:
        methods: one few-shot method, or several for an ensemble.
        fixed_layout: parts stay near where labels show them; false for objects that are anywhere in the
            picture.
        layout_spread: how far from there they may lie, as a share of the picture's side.
        n_self_training: generated pictures on which the segmenter learns from its own guesses.
    """

    methods: tuple[str, ...] = ("ridge",)
    fixed_layout: bool = True
    layout_spread: float = 0.1
    n_self_training: int = 24


@dataclass(frozen=True)
class AutoShotChoices:
    """The defaults of ``partly distil``; see :class:`partly.distillation.DistilConfig`."""

    n_pictures: int = 700
    size_px: int = 192
    architecture: str = "lite0-unet"
    pretrained: bool = True
    n_steps: int = 600
    drop_uncertain: float = 0.0
    second_round: float = 0.0
    painted_share: float = 0.0
    recolour_parts: float = 0.0
    seed: int = 0


FEW_CHANNELS = FewShotChoices(methods=("kernel",), layout_spread=0.04, n_self_training=40)
"""For generators of few channels, in which parts lie as no straight line divides them."""

NO_DOWNLOAD = AutoShotChoices(
    n_pictures=500,
    size_px=128,
    architecture="unet-small",
    pretrained=False,
    painted_share=0.4,
    second_round=1.0,
)
"""For a segmenter that knows less than the labels, and a machine without pretrained encoder."""

DRAWN_PORTRAITS = replace(NO_DOWNLOAD, painted_share=0.6, recolour_parts=0.5)
"""For the generator that ships with Partly: its parts have any colour, and one label shows few of them."""


@dataclass(frozen=True)
class Settings:
    """What ``project.toml`` says.

    Attributes:
        generator: a name that ``partly get`` knows, or a model folder (relative to the project).
        part_set: the parts.
        few_shot: defaults of ``partly fit``.
        auto_shot: defaults of ``partly distil``.
    """

    generator: str
    part_set: PartSet
    few_shot: FewShotChoices = field(default_factory=FewShotChoices)
    auto_shot: AutoShotChoices = field(default_factory=AutoShotChoices)


def generator_reference(text: str) -> str:
    """What ``project.toml`` says of a generator: its name, or the whole path of its model folder.

    Raises:
        BadOption: there is no generator of that name, or in that folder.
    """
    if text in generator_names():
        return text
    if (Path(text) / "model.json").is_file():
        return str(Path(text).resolve())
    raise BadOption(
        f"there is no generator {text!r}",
        expected=f"{', '.join(generator_names())}, or a model folder with model.json",
    )


def write_settings(folder: Path, settings: Settings) -> Path:
    """Write ``project.toml``, atomically."""
    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "generator": settings.generator,
        "few_shot": asdict(settings.few_shot),
        "auto_shot": asdict(settings.auto_shot),
        "parts": settings.part_set.to_json(),
    }
    path = folder / FILE_NAME
    write_text(path, _HEAD + tomli_w.dumps(values))
    return path


def read_settings(folder: Path) -> Settings:
    """Read and check ``project.toml``.

    Raises:
        BadProject: it is missing, no TOML, of another version, or has a wrong key or value; the error names
            its line.
    """
    path = folder / FILE_NAME
    text = _read(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadProject(f"is no TOML ({error})", remedy="Mend that place by hand", path=path) from error
    checked = _Checked(values, text, path)
    checked.only("", values, ("schema_version", "generator", "few_shot", "auto_shot", "parts"))
    if values.get("schema_version") != SCHEMA_VERSION:
        raise BadProject(
            f"has schema version {values.get('schema_version')!r}",
            expected=f"version {SCHEMA_VERSION}",
            remedy="Use the version of Partly that wrote it",
            path=path,
        )
    generator = checked.value("", values, "generator", "", str)
    return Settings(
        generator=generator,
        few_shot=FewShotChoices(**checked.table("few_shot", asdict(FewShotChoices()))),
        auto_shot=AutoShotChoices(**checked.table("auto_shot", asdict(AutoShotChoices()))),
        part_set=checked.part_set(),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadProject(
            "no such file",
            expected="the folder of a project",
            remedy=f"Make one: partly new {path.parent}",
            path=path,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadProject(f"cannot be read ({error})", path=path) from error


@dataclass(frozen=True)
class _Checked:
    """Values taken out of the file, each error with the line that it is about."""

    values: Mapping[str, Any]
    text: str
    path: Path

    def table(self, name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The values of one table, with the defaults of what it leaves out."""
        table = self.value("", self.values, name, {}, dict)
        self.only(name, table, tuple(defaults))
        return {
            key: self.value(name, table, key, default, type(default)) for key, default in defaults.items()
        }

    def only(self, table: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
        """Refuse keys that nobody knows, which are mostly misspelt."""
        for key in values:
            if key not in known:
                raise self._error(table, key, f"has an unknown key {key!r}", f"one of {', '.join(known)}")

    def value(self, table: str, values: Mapping[str, Any], key: str, default: Any, kind: type) -> Any:
        """One value of the right type; lists become tuples of texts."""
        value = values.get(key, default)
        if kind is tuple and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
            return tuple(value)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind or value == "":
            found = f"has {key} = {value!r}" if key in values else f"lacks {key}"
            raise self._error(table, key, found, _KINDS[kind])
        return value

    def part_set(self) -> PartSet:
        """The parts."""
        if "parts" not in self.values:
            raise self._error("", "parts", "has no parts", "a [[parts]] table for each part")
        try:
            return PartSet.from_json(self.values["parts"])
        except BadLabel as error:
            found = f"{error.found}{self._where('', 'parts')}"
            raise BadProject(found, expected=error.expected, remedy=error.remedy, path=self.path) from None

    def _error(self, table: str, key: str, found: str, expected: str) -> BadProject:
        return BadProject(
            f"{found}{self._where(table, key)}",
            expected=expected,
            remedy="Mend it by hand; what is left out takes its default",
            path=self.path,
        )

    def _where(self, table: str, key: str) -> str:
        """(line 7), or nothing where the key is not in the file."""
        section, full_name = "", f"{table}.{key}" if table else key
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
                section = header[1]
                if section == full_name:
                    return f" (line {number})"
            elif section == table and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return f" (line {number})"
        return ""


_KINDS = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: 'a list of texts, such as ["ridge"]',
    dict: "a table",
}
