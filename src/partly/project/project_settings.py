"""``project.toml``: generator or photos, choices and part set; written once, then edited by hand."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import tomli_w

from partly.data.labels import PartSet
from partly.errors import BadLabel, BadOption, BadProject
from partly.fewshot.fitting import ON_PHOTOS, FewShotConfig
from partly.models.zoo import generator_names
from partly.project.photo_options import PhotoOptions
from partly.storage import (
    OptionsT,
    options_of,
    parsed_toml,
    read_decoded,
    read_json_or_none,
    write_text,
)
from partly.synthesis.distil import FROM_PHOTOS, DistilConfig, completed

SCHEMA_VERSION = 1
FILE_NAME = "project.toml"
_KEYS = ("schema_version", "generator", "classes", "photos", "few_shot", "auto_shot", "parts")
_WIDTH = 100
Complete = Callable[[Mapping[str, Any]], dict[str, Any]]
_HEAD = """\
# A project of Partly. Edit it as you like: `partly info` checks it and says what is next.
# Parts are in order of their ids; the first is the background. A part with `mirror = "name"` becomes that
# part in a mirrored picture.

"""


EMBEDDED = "portraits"
"""The generator that ships with Partly."""

FEW_CHANNELS = FewShotConfig(methods=("kernel",), layout_spread=0.04, n_self_training=40)
"""For generators of few channels, in which parts lie as no straight line divides them."""

NO_DOWNLOAD = DistilConfig(
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


def usual_choices(generator: str, *, on_photos: bool = False) -> tuple[FewShotConfig, DistilConfig]:
    """What is best known for a generator: its own choices for the one that ships with Partly.

    Args:
        generator: its name; "" is none.
        on_photos: the few-shot segmenter is fitted on features of photos.
    """
    if on_photos:
        return ON_PHOTOS, FROM_PHOTOS
    if generator == EMBEDDED:
        return FEW_CHANNELS, DRAWN_PORTRAITS
    return FewShotConfig(), DistilConfig()


@dataclass(frozen=True)
class Settings:
    """What ``project.toml`` says.

    Attributes:
        generator: a name that ``partly get`` knows, or a model folder (relative to the project); "" is none.
        part_set: the parts.
        few_shot: defaults of ``partly fit``.
        auto_shot: defaults of ``partly distil``.
        classes: what generated pictures show, in turn; none: all that the generator knows.
        photos: photos of the object; their folder is "" where there are none.

    Raises:
        BadOption: neither generator nor photos, or classes without a generator.
    """

    generator: str
    part_set: PartSet
    few_shot: FewShotConfig = field(default_factory=FewShotConfig)
    auto_shot: DistilConfig = field(default_factory=DistilConfig)
    classes: tuple[str, ...] = ()
    photos: PhotoOptions = field(default_factory=PhotoOptions)

    def __post_init__(self) -> None:
        if not self.generator and not self.photos.folder:
            raise BadOption(
                "neither a generator nor photos", expected="one of them, or both: pictures come from there"
            )
        if self.classes and not self.generator:
            raise BadOption("classes without a generator", expected="none: photos show what they show")

    @property
    def fitted_on(self) -> Literal["generator", "photos"]:
        """What is labelled and what features come from: pictures of the generator, where there is one."""
        return "photos" if self.photos.fit_on_photos or not self.generator else "generator"


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


def check_classes(generator: str, classes: Sequence[str]) -> None:
    """Refuse classes that a generator does not know, as far as its model folder is on this machine.

    Raises:
        BadOption: it has no such class.
    """
    card = read_json_or_none(Path(generator) / "model.json") or {}
    known = dict(card.get("arguments", {})).get("classes", [])
    if unknown := [name for name in classes if name not in known]:
        raise BadOption(
            f"the generator {generator} knows no class {unknown[0]!r}",
            expected=f"one of {', '.join(known)}" if known else "none: it knows none",
        )


def write_settings(folder: Path, settings: Settings) -> Path:
    """Write ``project.toml``, atomically."""
    generator = {"generator": settings.generator} if settings.generator else {}
    tables = (
        tomli_w.dumps({"schema_version": SCHEMA_VERSION, **generator}),
        *([_line("classes", list(settings.classes)) + "\n"] if settings.classes else []),
        *([f"[photos]\n{commented(settings.photos)}"] if settings.photos.folder else []),
        f"[few_shot]\n{commented(settings.few_shot)}",
        f"[auto_shot]\n{commented(settings.auto_shot)}",
        tomli_w.dumps({"parts": settings.part_set.to_json()}),
    )
    path = folder / FILE_NAME
    write_text(path, _HEAD + "\n".join(tables))
    return path


def commented(chosen: Any) -> str:
    """The options of a dataclass that ``project.toml`` has, each below a comment that says what it is."""
    lines = []
    for one in options_of(type(chosen)):
        value = getattr(chosen, one.name)
        if one.in_project:
            can_be = one.expected if one.choices else one.range_text
            told = f"{one.help} {can_be[:1].upper()}{can_be[1:]}." if can_be else one.help
            lines += textwrap.wrap(told, _WIDTH, initial_indent="# ", subsequent_indent="# ")
            # TOML has no "none": such an option is left out.
            is_open = value is None
            lines.append(f"# {one.name} is left open" if is_open else _line(one.name, one.plain(value)))
    return "\n".join(lines) + "\n"


def _line(name: str, value: Any) -> str:
    return tomli_w.dumps({name: value}).rstrip("\n")


def read_settings(folder: Path) -> Settings:
    """Read and check ``project.toml``.

    Raises:
        BadProject: it is missing, no TOML, of another version, or has a wrong key or value; the error names
            its line.
    """
    path = folder / FILE_NAME
    text = _read(path)
    try:
        values = parsed_toml(text)
    except ValueError as error:
        raise BadProject(f"is no TOML ({error})", remedy="Mend that place by hand", path=path) from error
    checked = _Checked(values, text, path)
    checked.only("", values, _KEYS)
    if values.get("schema_version") != SCHEMA_VERSION:
        raise BadProject(
            f"has schema version {values.get('schema_version')!r}",
            expected=f"version {SCHEMA_VERSION}",
            remedy="Use the version of Partly that wrote it",
            path=path,
        )
    generator = checked.value("", values, "generator", "", str) if "generator" in values else ""
    photos = checked.options("photos", PhotoOptions())
    on_photos = photos.fit_on_photos or not generator
    # Of a generator, too, what is not written there is as it always was.
    few_shot, auto_shot = usual_choices("", on_photos=on_photos)
    try:
        return Settings(
            generator=generator,
            few_shot=checked.options("few_shot", few_shot),
            auto_shot=checked.options("auto_shot", auto_shot, completed),
            part_set=checked.part_set(),
            classes=checked.texts("classes"),
            photos=photos,
        )
    except BadOption as error:
        raise BadProject(
            f"has {error.found}",
            expected=error.expected,
            remedy="Mend it by hand: a line generator, or a table [photos] with the line folder",
            path=path,
        ) from None


def _read(path: Path) -> str:
    try:
        return read_decoded(path)
    except FileNotFoundError:
        raise BadProject(
            "no such file",
            expected="the folder of a project",
            remedy=f"Make one: partly new {path.parent}",
            path=path,
        ) from None
    except OSError as error:
        raise BadProject(f"cannot be read ({error})", path=path) from error
    except UnicodeDecodeError as error:
        raise BadProject(
            f"cannot be read ({error})", expected="UTF-8", remedy="Save it as UTF-8 in the editor", path=path
        ) from error


@dataclass(frozen=True)
class _Checked:
    """Values taken out of the file, each error with the line that it is about."""

    values: Mapping[str, Any]
    text: str
    path: Path

    def options(self, name: str, usual: OptionsT, complete: Complete = dict) -> OptionsT:
        """The options of one table; what it leaves out follows from the rest, or is as usual."""
        kind: Any = type(usual)
        table = self.value("", self.values, name, {}, dict)
        known = [one for one in options_of(kind) if one.in_project]
        self.only(name, table, tuple(one.name for one in known))
        for one in known:
            if one.name in table and not one.fits(table[one.name]):
                is_kind = one.has_kind(table[one.name])
                expected = one.expected if is_kind else _KINDS.get(one.kind, one.kind_text)
                raise self._error(name, one.name, f"has {one.name} = {table[one.name]!r}", expected)
        values = {one.name: one.taken(table[one.name]) for one in known if one.name in table}
        try:
            return cast(OptionsT, replace(cast(Any, usual), **complete(values)))
        except BadOption as error:
            raise self._error("", name, error.found, error.expected or "") from None

    def only(self, table: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
        """Refuse keys that nobody knows, which are mostly misspelt."""
        for key in values:
            if key not in known:
                raise self._error(table, key, f"has an unknown key {key!r}", f"one of {', '.join(known)}")

    def value(self, table: str, values: Mapping[str, Any], key: str, default: Any, kind: type) -> Any:
        """One value of the right type."""
        value = values.get(key, default)
        if type(value) is not kind or value == "":
            found = f"has {key} = {value!r}" if key in values else f"lacks {key}"
            raise self._error(table, key, found, _KINDS[kind])
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts outside of all tables; none where the key is left out."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self._error("", key, f"has {key} = {value!r}", _KINDS[tuple])
        return tuple(value)

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
