"""Fenced blocks and links of the project's documents."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    language: str
    text: str

    @property
    def command_lines(self) -> list[list[str]]:
        """The words of each line that begins with ``$``."""
        lines = [line for line in self.text.splitlines() if line.startswith("$ ")]
        return [shlex.split(line[2:], comments=True) for line in lines]


def documents() -> list[Path]:
    """All that people wrote or had made for them."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(path: Path) -> list[Block]:
    """The fenced blocks, in order."""
    return [Block(language, text) for language, text in _FENCE.findall(path.read_text(encoding="utf-8"))]


def links(path: Path) -> list[str]:
    """Targets of the links outside fenced blocks."""
    return _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))


def anchors(path: Path) -> set[str]:
    """What links may name after ``#``, as common viewers make it from headings."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
