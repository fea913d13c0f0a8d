"""Draws the rooms in CONTRIBUTING.md from the contract that keeps them; with --check, compares.

The order comes from import-linter's layers in pyproject.toml, the sentences from the packages' docstrings.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "partly"
PAGE = ROOT / "CONTRIBUTING.md"
START, END = "<!-- rooms: made by scripts/draw_rooms.py -->\n", "<!-- end of rooms -->\n"
_NAME_WIDTH, _WIDTH = 20, 112


def layers() -> list[list[str]]:
    """Names of the rooms, floor by floor, as import-linter's contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [floors] = [c["layers"] for c in contracts if c.get("containers") == ["partly"]]
    return [re.split(r"\s*[|:]\s*", floor) for floor in floors]


def sentence(module: Path) -> str:
    """The first line of a module's docstring."""
    path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ")


def inner_rooms(room: Path) -> list[Path]:
    """The packages in a room, by name."""
    return sorted(p.parent for p in room.glob("*/__init__.py")) if room.is_dir() else []


def drawing() -> str:
    """All rooms with what is in them, a line each or a few."""
    lines = ["```"]
    for floor in layers():
        for name in floor:
            lines += _lines(name, sentence(PACKAGE / name))
            for inner in inner_rooms(PACKAGE / name):
                lines += _lines(f"  {inner.name}", sentence(inner))
    return "\n".join([*lines, "```"]) + "\n"


def _lines(name: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - _NAME_WIDTH) or [""]
    return [
        f"{begin:<{_NAME_WIDTH}}{line}"
        for begin, line in zip([name] + [""] * len(wrapped), wrapped, strict=False)
    ]


def page_with_drawing(page: str) -> str:
    """CONTRIBUTING.md with the drawing as it is now."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return before + START + drawing() + END + after


def main(arguments: list[str]) -> int:
    """Write the drawing, or say whether it is current."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = page_with_drawing(page)
    if "--check" in arguments:
        return int(page != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
