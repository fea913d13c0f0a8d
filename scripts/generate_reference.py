"""Writes docs/reference from the commands' help and the docstrings; with --check, says whether it is current.

The Python part reads the sources and runs none of them.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click

import partly
from partly.cli import VERBS, cli
from partly.fewshot.fitting import FewShotConfig
from partly.inference.invert import InvertOptions
from partly.inference.segment import OutputOptions, PageOptions, SegmentOptions
from partly.project import PhotoOptions
from partly.storage import options_of
from partly.synthesis.distil import DistilConfig
from partly.training.inversion import EncoderOptions
from partly.training.recipes import RECIPES

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
REFERENCE = ROOT / "docs" / "reference"
WIDTH = 100
MADE_BY = "<!-- Made by scripts/generate_reference.py from the code: edit that. -->\n"

Definition = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Documented:
    """A class, a function, or (None) a constant, and where it is defined."""

    name: str
    home: str
    node: Definition | None


def pages() -> dict[str, str]:
    """File name to content."""
    return {
        "index.md": index_page(),
        "commands.md": commands_page(),
        "options.md": options_page(),
        "python.md": python_page(),
    }


def index_page() -> str:
    return (
        "# Reference\n"
        + MADE_BY
        + "\n- [Commands](commands.md): every verb with its options\n"
        + "- [Options](options.md): what can be chosen of each procedure, with ranges and defaults\n"
        + "- [Python API](python.md): all that `import partly` gives\n"
    )


# Commands


def commands_page() -> str:
    root = cli.make_context(
        "partly", [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH, color=False
    )
    parts = ["# Commands\n" + MADE_BY, help_text(root)]
    for verb in VERBS:
        command = cli.get_command(root, verb)
        if command is None:
            raise LookupError(verb)
        context = command.make_context(verb, [], parent=root, resilient_parsing=True)
        parts.append(f"## partly {verb}\n\n{help_text(context)}")
    return "\n".join(parts)


def help_text(context: click.Context) -> str:
    return f"```\n{context.get_help().rstrip()}\n```\n"


# Options


def options_page() -> str:
    parts = [
        "# Options\n" + MADE_BY,
        "Names are those of `project.toml`, of Python and of the studio's jobs.\n",
        options_text("Photos (`[photos]`)", PhotoOptions),
        options_text("Fitting (`[few_shot]`)", FewShotConfig),
        options_text("Distilling (`[auto_shot]`)", DistilConfig),
        options_text("Segmenting", SegmentOptions),
        options_text("What segmenting writes", OutputOptions),
        options_text("What segmenting writes of all photos together", PageOptions),
        options_text("Finding photos in a generator", InvertOptions),
        options_text("Learning an encoder of a generator", EncoderOptions),
    ]
    parts += [
        options_text(f"Training a generator of the family {family}", recipe.Options)
        for family, recipe in RECIPES.items()
    ]
    return "\n".join(parts)


def options_text(title: str, kind: type) -> str:
    rows = ["| option | flag | default | can be | what it does |", "|---|---|---|---|---|"]
    for one in options_of(kind):
        default = one.plain(one.default)
        if isinstance(default, list):
            default = ", ".join(map(str, default))
        told = "left open" if default is None else str(default).lower() if one.kind is bool else default
        can_be = ", ".join(one.choices) or (one.expected if one.is_pair else one.range_text) or one.kind_text
        flag = f"`{one.flag}`" if one.flag else "none"
        rows.append(f"| `{one.name}` | {flag} | {told} | {can_be} | {one.help} |")
    return f"## {title}\n\n" + "\n".join(rows) + "\n"


# Python


def python_page() -> str:
    """All that ``partly.__all__`` offers; what lies in the rooms below is documented where it is."""
    parts = ["# Python API\n" + MADE_BY, markdown(ast.get_docstring(parsed("partly")) or "")]
    parts += [documented_text(documented) for documented in public_definitions()]
    return "\n".join(parts)


def public_definitions() -> list[Documented]:
    found = [definition("partly", name) for name in sorted(partly.__all__, key=str.lower)]
    return [documented for documented in found if documented is not None]


def definition(module: str, name: str) -> Documented | None:
    """Where a name is defined, found by following imports: in stubs and for type checkers too."""
    for node in statements(parsed(module)):
        if isinstance(node, Definition) and node.name == name:
            return Documented(name, module, node)
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in names_of(node):
            return Documented(name, module, None)
        if isinstance(node, ast.ImportFrom) and node.module and any(a.name == name for a in node.names):
            return definition(f"{module}.{node.module}" if node.level else node.module, name)
    return None


def statements(tree: ast.Module) -> list[ast.stmt]:
    inner = [s for node in tree.body if isinstance(node, ast.If) for s in node.body]
    return [*tree.body, *inner]


def names_of(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def parsed(module: str) -> ast.Module:
    path = SOURCES / Path(*module.split("."))
    if not path.is_dir():
        return ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    # The stub of a package says where its names are, the package itself what it is.
    texts = [
        (path / name).read_text(encoding="utf-8")
        for name in ("__init__.py", "__init__.pyi")
        if (path / name).is_file()
    ]
    return ast.parse("\n".join(texts))


def documented_text(documented: Documented) -> str:
    name, node = documented.name, documented.node
    if node is None:
        text = constant_docstring(documented)
        return f"### {name}\n\n" + (markdown(text) if text else f"A constant of `{documented.home}`.\n")
    if isinstance(node, ast.FunctionDef):
        return f"### {name}\n\n{signature_text(node, name)}\n{docstring_text(node)}"
    parts = [f"### {name}\n", signature_text(node, name), docstring_text(node)]
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and is_public(method) and ast.get_docstring(method):
            parts.append(f"#### {name}.{method.name}\n\n{signature_text(method, method.name)}")
            parts.append(docstring_text(method))
    return "\n".join(parts)


def constant_docstring(documented: Documented) -> str | None:
    """The text below a constant, which is no docstring for Python but one for people."""
    body = parsed(documented.home).body
    for node, below in pairwise(body):
        is_it = isinstance(node, ast.Assign | ast.AnnAssign) and documented.name in names_of(node)
        if is_it and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return str(below.value.value)
    return None


def is_public(method: ast.FunctionDef) -> bool:
    return not method.name.startswith("_")


def signature_text(node: Definition, name: str) -> str:
    decorators = {ast.unparse(d).split("(")[0] for d in node.decorator_list}
    if isinstance(node, ast.FunctionDef):
        returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        arguments = "" if "property" in decorators else wrapped(name, argument_texts(node.args), returned)
        text = f"{name}{returned.replace(' -> ', ': ')}" if "property" in decorators else arguments
        return f"```python\n{text}\n```\n"
    fields = class_fields(node, "dataclass" in decorators)
    return f"```python\n{wrapped(f'class {name}', fields, '')}\n```\n"


def class_fields(node: ast.ClassDef, is_dataclass: bool) -> list[str]:
    """What a class is made from: the fields of a dataclass, the arguments of another, or its bases."""
    if is_dataclass:
        annotated = [s for s in node.body if isinstance(s, ast.AnnAssign)]
        return [ast.unparse(s) for s in annotated if not names_of(s)[0].startswith("_")]
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            return argument_texts(method.args)
    return [ast.unparse(base) for base in node.bases]


def argument_texts(arguments: ast.arguments) -> list[str]:
    """Each argument with its type and default, without self."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    texts = [argument_text(a, d) for a, d in zip(positional, defaults, strict=True)]
    if positional and positional[0].arg in ("self", "cls"):
        texts = texts[1:]
    if arguments.vararg:
        texts.append(f"*{argument_text(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        texts.append("*")
    texts += [argument_text(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        texts.append(f"**{argument_text(arguments.kwarg, None)}")
    return texts


def argument_text(argument: ast.arg, default: ast.expr | None) -> str:
    text = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    if default is None:
        return text
    return f"{text} = {ast.unparse(default)}" if argument.annotation else f"{text}={ast.unparse(default)}"


def wrapped(name: str, arguments: list[str], returned: str) -> str:
    line = f"{name}({', '.join(arguments)}){returned}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){returned}"])


def docstring_text(node: Definition) -> str:
    text = ast.get_docstring(node)
    return markdown(text) if text else ""


_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")
_ENTRY = re.compile(r"^    (\S[^:]*): (.*)$")
_DOCTEST = re.compile(r"^(>>>|\.\.\.) ")


def markdown(docstring: str) -> str:
    """A docstring in Google's style as Markdown: sections in bold, what they list as lists."""
    text = _ROLE.sub(r"`\1`", docstring).replace("``", "`")
    lines: list[str] = []
    section = ""
    for line in text.splitlines():
        if match := _SECTION.match(line):
            section = match[1]
            lines += ["**Arguments**" if section == "Args" else f"**{section}**", ""]
        elif section and (entry := _ENTRY.match(line)) and section != "Returns":
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif section and line.startswith("    "):
            lines.append(f"  {line.strip()}" if section != "Returns" else line.strip())
        elif _DOCTEST.match(line):
            lines.append(f"    {line}")
        else:
            section = "" if line.strip() else section
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in pages().items():
        path = REFERENCE / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print(f"{'Stale' if '--check' in arguments else 'Written'}: {', '.join(stale) or 'nothing'}")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
