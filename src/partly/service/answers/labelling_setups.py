"""Label Studio's labelling setup: which tag takes regions of parts, and on which picture of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from partly.data.labels import PartSet
from partly.errors import BadOption, listed

Kind = Literal["brush", "polygon"]
_TAGS: Mapping[str, Kind] = {"BrushLabels": "brush", "PolygonLabels": "polygon"}
_MOST_CHARACTERS = 1 << 18
_SHOWN = 100


@dataclass(frozen=True)
class LabellingSetup:
    """How predictions are to be addressed.

    Attributes:
        kind: of regions.
        from_name: the tag that has the labels.
        to_name: the picture's tag.
        key: what holds the picture's address in the data of a task.
        labels: the label of each part that has one, by the part's id.
    """

    kind: Kind
    from_name: str
    to_name: str
    key: str
    labels: Mapping[int, str]


def labelling_setup(text: str, part_set: PartSet, wanted: Kind | None = None) -> LabellingSetup:
    """Read a labelling setup, as its interface calls it; Label Studio sends it as ``label_config``.

    A label belongs to the part whose name is its value or alias; where there is none of exactly that name,
    upper and lower case are one.

    Args:
        text: XML.
        part_set: the parts.
        wanted: which regions to give where there are tags for both; None: brush strokes.

    Raises:
        BadOption: no XML, one with a DOCTYPE, without a tag for areas on a picture, or without a label that
            is a part.
    """
    root = _parsed(text)
    images = {
        tag.get("name", ""): tag.get("value", "").removeprefix("$")
        for tag in root.iter("Image")
        if tag.get("value", "").startswith("$")
    }
    found = list(_taggings(root, images))
    if not found:
        raise BadOption(
            "the labelling setup has no areas of a picture",
            expected='<Image name="image" value="$image"/> and BrushLabels or PolygonLabels on it',
        )
    fitting = [(tag, labels) for tag, values in found if (labels := _parts_of(values, part_set))]
    if not fitting:
        names = listed(value for _, values in found for value, _ in values)
        raise BadOption(
            f"the labelling setup has no label that is a part: {names or 'it has no labels'}",
            expected=f"labels among {', '.join(part_set.names)}",
            remedy="Name labels in Label Studio as the parts, or give them the part's name as an alias",
        )
    kinds = [wanted, "brush", "polygon"]
    tag, labels = min(fitting, key=lambda one: kinds.index(_TAGS[one[0].tag]))
    to_name = tag.get("toName", "")
    return LabellingSetup(_TAGS[tag.tag], tag.get("name", ""), to_name, images[to_name], labels)


_Values = list[tuple[str, str | None]]
"""Value and alias of labels."""


def _taggings(
    root: ElementTree.Element, images: Mapping[str, str]
) -> Iterator[tuple[ElementTree.Element, _Values]]:
    """Tags that take areas of a picture, each with its labels."""
    for tag in root.iter():
        if tag.tag in _TAGS and tag.get("name") and tag.get("toName") in images:
            yield tag, [(one.get("value", ""), one.get("alias")) for one in tag.iter("Label")]


def _parts_of(values: _Values, part_set: PartSet) -> dict[int, str]:
    """Labels by the ids of their parts; what Label Studio calls a label in results is its alias, if any."""
    labels: dict[int, str] = {}
    for exactly in (True, False):
        for value, alias in values:
            for name in (alias, value):
                part_id = None if name is None else _id_of(name, part_set, exactly=exactly)
                if part_id is not None:
                    labels.setdefault(part_id, alias or value)
                    break
    return labels


def _id_of(name: str, part_set: PartSet, *, exactly: bool) -> int | None:
    form = str.strip if exactly else lambda text: text.strip().casefold()
    names = [form(one) for one in part_set.names]
    return names.index(form(name)) if form(name) in names else None


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Builds elements, and stops at a DOCTYPE before any entity is read."""

    def doctype(self, *_: str | None) -> None:
        raise BadOption("the labelling setup has a DOCTYPE", expected="plain XML, as Label Studio has it")


def _parsed(text: str) -> ElementTree.Element:
    if len(text) > _MOST_CHARACTERS:
        raise BadOption(
            f"the labelling setup has {len(text)} characters", expected=f"at most {_MOST_CHARACTERS}"
        )
    try:
        parser = ElementTree.XMLParser(target=_WithoutDoctype())
        parser.feed(text)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadOption(f"the labelling setup is no XML ({error})") from error
    return root


_MOST_SETUPS = 256


class Setups:
    """The labelling setups of projects, as Label Studio sends them: with each request, or beforehand.

    Args:
        part_set: the parts of the network.
        wanted: see :func:`labelling_setup`.
    """

    def __init__(self, part_set: PartSet, wanted: Kind | None = None) -> None:
        self._part_set, self._wanted = part_set, wanted
        self._texts: dict[str, str] = {}

    def keep(self, project: object, text: object) -> None:
        """Remember the setup of a project; one that cannot be used is refused now.

        Raises:
            BadOption: see :func:`labelling_setup`.
        """
        if not isinstance(text, str) or not text.strip():
            return  # a project that is not set up yet
        labelling_setup(text, self._part_set, self._wanted)
        self._texts.pop(str(project)[:_SHOWN], None)
        while len(self._texts) >= _MOST_SETUPS:
            del self._texts[next(iter(self._texts))]
        self._texts[str(project)[:_SHOWN]] = text

    def of(self, project: object, text: object = None) -> LabellingSetup:
        """The setup that came with a request, else the last one of its project.

        Raises:
            BadOption: there is none, or it cannot be used.
        """
        if not isinstance(text, str) or not text.strip():
            text = self._texts.get(str(project)[:_SHOWN])
        if text is None:
            raise BadOption(
                "the request has no label_config, and the project was not set up here",
                expected="the project's labelling setup",
            )
        return labelling_setup(text, self._part_set, self._wanted)
