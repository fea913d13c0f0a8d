"""Label files that are XML without a DOCTYPE, so that no entity can grow or reach outside."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from partly.errors import BadLabel


def parsed_xml(data: bytes, path: Path) -> ElementTree.Element:
    """Root element of an XML file without a DOCTYPE.

    Raises:
        BadLabel: it is no XML, or has a DOCTYPE.
    """
    try:
        parser = ElementTree.XMLParser(target=_BuilderWithoutDoctype(path))
        parser.feed(data)
        root: ElementTree.Element = parser.close()
        return root
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadLabel(f"is no XML ({error})", remedy="Export the labels again", path=path) from error


class _BuilderWithoutDoctype(ElementTree.TreeBuilder):
    """Builds elements, and stops at a DOCTYPE before any entity is read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def doctype(self, name: str, *_: str | None) -> None:
        raise BadLabel(
            f"has a DOCTYPE ({name})",
            expected="plain XML, as CVAT writes it",
            remedy="Remove the DOCTYPE if you trust the file",
            path=self._path,
        )
