"""Few rooms with a sentence each, entered through their packages; files that say what is in them."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "partly"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FILES = [path for path in SOURCES if path.name != "__init__.py"]
ROOMS = sorted(path for path in PACKAGE.rglob("*") if (path / "__init__.py").is_file())


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)


def imports_of(path: Path) -> list[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    ]


def is_entrance(module: str) -> bool:
    """A package, or a module that is a room by itself."""
    return module.count(".") == 1 or (ROOT / "src" / module.replace(".", "/")).is_dir()


def trespasses(path: Path, here: str) -> list[str]:
    """Imports of other rooms' files."""
    room = ".".join(here.split(".")[:2])
    return [
        f"{here} imports {name} from {module}"
        for module, name in imports_of(path)
        if module.startswith("partly.")
        and ".".join(module.split(".")[:2]) != room
        and not is_entrance(module)
        and not name.startswith("_")
    ]


def test_at_most_seventeen_names_at_the_top():
    names = [p.name for p in PACKAGE.iterdir() if not p.name.startswith("__") and p.name != "py.typed"]
    assert len(names) <= 17, names


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(PACKAGE)))
def test_each_room_says_in_a_sentence_what_it_is(room):
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    sentence = text.partition("\n")[0]
    assert 10 < len(sentence) <= 110
    assert sentence.endswith(".")


def test_a_room_is_entered_through_its_package():
    found = [found for path in SOURCES for found in trespasses(path, module_of(path))]
    for folder in ("experiments", "benchmarks"):
        found += [f for path in (ROOT / folder).rglob("*.py") for f in trespasses(path, folder)]
    assert not found, "\n".join(found)


def test_a_room_gives_what_its_stub_names():
    """Every name of every stub can be imported, and is no file's name, which would hide it."""
    for room in ROOMS:
        stub = room / "__init__.pyi"
        if not stub.exists():
            continue
        package = __import__(module_of(room), fromlist=["x"])
        imports = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom)]
        names = [alias.name for node in imports for alias in node.names]
        assert sorted(names) == sorted(package.__all__)
        assert not {path.stem for path in room.glob("*.py")} & set(names)
        for name in names:
            assert getattr(package, name) is not None


_ROLE = re.compile(r":\w+:`~?(partly[\w.]+)`")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_in_docstrings_lead_somewhere(path):
    for name in _ROLE.findall(path.read_text(encoding="utf-8")):
        found = pkgutil.resolve_name(name)
        assert found is not None, name


WITHOUT_TORCH = ("data", "evaluation/metrics", "evaluation/report", "evaluation/segmentation")


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_no_file_of_these_rooms_needs_torch(room):
    modules = [
        module_of(path) for path in sorted((PACKAGE / room).rglob("*.py")) if path.name != "__init__.py"
    ]
    code = (
        f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_file_names_are_not_ambiguous():
    counts = Counter(path.name for path in FILES)
    shared = [path for path in FILES if counts[path.name] > 1]
    assert len(shared) < 20, shared


def test_entrances_are_current():
    done = subprocess.run([sys.executable, "scripts/write_entrances.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run python scripts/write_entrances.py"


def test_contributing_draws_the_contract():
    done = subprocess.run([sys.executable, "scripts/draw_rooms.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run python scripts/draw_rooms.py"
