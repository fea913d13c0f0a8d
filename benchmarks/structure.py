"""How the package is built, in figures: rooms, names, widest function, and what a verb walks through.

``python -m benchmarks.structure`` tells what the sources say; with ``--verbs`` it also runs the long verbs
once on a tiny project of drawn portraits, and counts the rooms and files whose functions ran.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from starlette.testclient import TestClient

import partly
from partly.cli import run
from partly.project import open_project
from partly.studio.http import studio_app
from partly.studio.session import Session, StudioChoices
from partly.web import Security

PACKAGE = Path(partly.__file__).parent


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--verbs", action="store_true", help="run the verbs, too; takes a minute")
    arguments = options.parse_args()
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    counts = Counter(path.name for path in files)
    name, widest = widest_function(files)
    told = {
        "names at the top": len(top_names()),
        "files": len(files),
        "files that share their name with another": sum(n for n in counts.values() if n > 1),
        "files with fewer than 30 lines of code": sum(lines_of_code(path) < 30 for path in files),
        "parameters of the widest function": f"{widest} ({name})",
    }
    for what, figure in told.items():
        print(f"{what:45} {figure}")
    if arguments.verbs:
        for verb, seen in walks():
            rooms = sorted({file.partition("/")[0].removesuffix(".py") for file in seen})
            print(f"partly {verb:10} {len(seen):3} files in {len(rooms)} rooms: {', '.join(rooms)}")
    return 0


def top_names() -> list[str]:
    """What stands at the top of the package, but for what every package has."""
    return [p.name for p in PACKAGE.iterdir() if not p.name.startswith("__") and p.name != "py.typed"]


def lines_of_code(path: Path) -> int:
    """Lines that are neither empty nor comment nor docstring."""
    text = path.read_text(encoding="utf-8")
    texts = [node for node in ast.walk(ast.parse(text)) if is_text(node)]
    documented = {n for node in texts for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1)]
    return sum(1 for n, line in lines if n not in documented and line and not line.startswith("#"))


def is_text(node: ast.AST) -> bool:
    """A text that is a statement: a docstring, or the words below a constant."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant and isinstance(node.value.value, str)


def widest_function(files: list[Path]) -> tuple[str, int]:
    """The function with the most parameters, ``self`` left out."""
    found = [
        (n_parameters(node.args), f"{path.stem}.{node.name}")
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    n, name = max(found)
    return name, n


def n_parameters(arguments: ast.arguments) -> int:
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


@contextmanager
def watched(seen: set[str]) -> Iterator[None]:
    """Note the files of the package whose functions run, in all threads of this process."""
    root = f"{PACKAGE}{os.sep}"

    def note(frame: FrameType, event: str, _: Any) -> None:
        # Bodies of modules and classes run where they are imported; only functions are optimised code.
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(root) and code.co_flags & inspect.CO_OPTIMIZED:
            seen.add(code.co_filename.removeprefix(root))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def walks() -> Iterator[tuple[str, set[str]]]:
    """Each verb with the files of the package that it went through."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for verb, work in steps(folder):
            seen: set[str] = set()
            with watched(seen):
                code = work() if verb != "stroke" else stroke(folder / "project", seen)
            if code not in (0, None):
                raise SystemExit(f"partly {verb} ended with {code}")
            if verb:
                yield verb, {file for file in seen if not file.endswith("__init__.py")}


def stroke(project: Path, seen: set[str]) -> int:
    """One stroke over HTTP, and the predictions that follow; what opened the studio is forgotten."""
    with Session(open_project(project), StudioChoices(n_wall=2, n_proposals=2, n_candidates=3)) as session:
        app = studio_app(session, Security())
        with TestClient(app, base_url="http://127.0.0.1:8700") as client:
            session.worker.settle()
            picture = client.get("/api/state").json()["pictures"][-1]["id"]
            client.post(f"/api/pictures/{picture}/open?tab=a")
            session.worker.settle()
            seen.clear()
            box = "tab=a&x=8&y=8&w=8&h=8"
            answer = client.post(f"/api/pictures/{picture}/strokes?{box}", content=bytes([1]) * 64)
            session.worker.settle()
    return 0 if answer.status_code == 200 else answer.status_code


def steps(folder: Path) -> list[tuple[str, Callable[[], int]]]:
    """What is run, in order; steps without a name prepare others."""
    project, photo = folder / "project", PACKAGE / "data" / "shipped" / "faces" / "astronaut.png"
    network = ["--architecture", "unet-small", "--size", "64", "--workers", "1"]
    training = ["--family", "dcgan", "--size", "32", "--batch", "4", "--photos-shown", "8"]
    return [
        ("", lambda: run(["new", str(project), "--generator", "portraits"])),
        ("", lambda: run(["label", str(project), "--shipped", "portrait-1"])),
        ("fit", lambda: run(["fit", str(project)])),
        ("distil", lambda: run(["distil", str(project), "--n-pictures", "8", "--steps", "2", *network])),
        ("segment", lambda: run(["segment", str(project), str(photo), "--out", str(folder / "parts")])),
        ("stroke", lambda: 0),
        ("train", lambda: run(["train", "portraits:16", str(folder / "generator"), *training])),
    ]


if __name__ == "__main__":
    sys.exit(main())
