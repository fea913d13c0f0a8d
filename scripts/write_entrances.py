"""Writes the entrances of all rooms: which names other rooms may import of a package; with --check, compares.

A package's ``__init__.pyi`` names what anybody outside its files imports of it, and the file each is in; its
``__init__.py`` imports them when they are first used. Run it after a room uses something new of another.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
USERS = ("src", "tests", "experiments", "benchmarks", "scripts")
EAGER = '"""{doc}"""\n'
LAZY = '''"""{doc}

What others use of it is named in the stub beside this file, and imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
'''


_ROLE = re.compile(r":\w+:`~?(partly[\w.]*)\.(\w+)`")


def used_names() -> dict[str, set[str]]:
    """Package to the names that are imported from it, or told of in a docstring, anywhere in the project."""
    used: dict[str, set[str]] = defaultdict(set)
    for folder in USERS:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for package, name in _ROLE.findall(text):
                used[package].add(name)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("partly."):
                    used[node.module or ""] |= {alias.name for alias in node.names}
    for node in ast.parse((SOURCES / "partly" / "__init__.pyi").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            used[f"partly.{node.module}"] |= {alias.name for alias in node.names}
    return used


def definitions(path: Path) -> Iterator[str]:
    """Names that a file defines at its top."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def stub_of(room: Path, names: set[str], doc: str) -> str | None:
    """The stub of a room; None where nothing is imported from it.

    Raises:
        SystemExit: a name is in no file of the room, or in several.
    """
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted(room.glob("*.py")):
        if path.name != "__init__.py":
            for name in set(definitions(path)):
                homes[name].append(path.stem)
    modules = {path.stem for path in room.iterdir()}
    lines = []
    for name in sorted(names):
        if not homes[name] and name in modules:
            continue
        if len(homes[name]) != 1:
            sys.exit(f"{room.relative_to(SOURCES)}: {name} is defined in {homes[name] or 'no file'}")
        lines.append((homes[name][0], name))
    if not lines:
        return None
    text = "".join(f"from .{stem} import {name} as {name}\n" for stem, name in sorted(lines))
    return f'"""{doc}"""\n\n{text}'


def entrances() -> dict[Path, str | None]:
    """Every file that an entrance is made of, with its text; None where there must be none."""
    used = used_names()
    result: dict[Path, str | None] = {}
    for init in sorted((SOURCES / "partly").glob("*/**/__init__.py")):
        room = init.parent
        doc = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").partition("\n")[0]
        names = used.get(".".join(room.relative_to(SOURCES).parts), set())
        stub = stub_of(room, names, doc)
        result[room / "__init__.pyi"] = stub
        result[init] = (EAGER if stub is None else LAZY).format(doc=doc)
    return result


def main(arguments: list[str]) -> int:
    """Write all entrances, or say which are not current."""
    code = 0
    for path, text in entrances().items():
        now = path.read_text(encoding="utf-8") if path.exists() else None
        if now == text:
            continue
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not current: run python scripts/write_entrances.py")
            code = 1
        elif text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
