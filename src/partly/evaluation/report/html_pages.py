"""Whole pages: one HTML file that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files

from markupsafe import Markup

from partly.evaluation.report.section import Section
from partly.evaluation.report.templates_rendering import render


def page(
    title: str,
    sections: Sequence[Section],
    *,
    lead: str = "",
    header: Sequence[Markup] = (),
    footer: str | None = None,
) -> str:
    """A self-contained HTML page: style, script and pictures are inside, and nothing else may be loaded.

    Args:
        title: title and main heading, plain text.
        sections: the page's content; three or more get a table of contents.
        lead: a sentence or two below the title, plain text.
        header: blocks between the lead and the first section: ribbon, key figures.
        footer: the last line, plain text; the version of Partly without it.
    """
    script = Markup(_template("zoom.js"))
    html = render(
        "page.html",
        title=title,
        lead=lead,
        header=header,
        sections=list(zip(_anchors(sections), sections, strict=True)),
        footer=f"Made by Partly {version('partly')}" if footer is None else footer,
        style=Markup(_template("style.css")),
        script=script,
        script_hash=_hash(script),
    )
    return str(html)


def _template(name: str) -> str:
    return (files("partly.evaluation.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What the content security policy calls the script, so that no other one runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"sha256-{digest}"


def _anchors(sections: Sequence[Section]) -> list[str]:
    """A distinct name for each section, made of its title."""
    anchors: list[str] = []
    for section in sections:
        words = "-".join(re.findall(r"[a-z0-9]+", section.title.lower())) or "section"
        same = sum(anchor == words or anchor.startswith(f"{words}--") for anchor in anchors)
        anchors.append(f"{words}--{same + 1}" if same else words)
    return anchors
