"""Links lead somewhere, command lines parse, the reference is current."""

from __future__ import annotations

import re
import runpy

import click
import pytest
from experiments.command import command as experiments

from partly.cli.command_line import VERBS, cli
from partly.training.recipes.training_choices import OBJECTIVE_NAMES
from tests.docs.markdown import ROOT, anchors, blocks, documents, links

COMMANDS = [
    pytest.param(words, id=f"{path.stem}: {' '.join(words)}")
    for path in documents()
    for block in blocks(path)
    for words in block.command_lines
    if words[0] == "partly"
]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    dead = []
    for link in links(path):
        if link.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


EXPERIMENTS = [
    pytest.param(words[3:], id=" ".join(words))
    for path in documents()
    for block in blocks(path)
    for words in block.command_lines
    if words[:3] == ["python", "-m", "experiments"]
]


@pytest.mark.parametrize("arguments", EXPERIMENTS)
def test_command_lines_of_experiments_parse(arguments):
    experiments.make_context("experiments", list(arguments))


@pytest.mark.parametrize("words", COMMANDS)
def test_command_lines_parse(words):
    _, verb, *arguments = words
    assert verb in VERBS
    parent = click.Context(cli, info_name="partly", **cli.context_settings)
    cli.get_command(parent, verb).make_context(verb, arguments, parent=parent)


def test_every_verb_is_shown_somewhere():
    assert {param.values[0][1] for param in COMMANDS} >= set(VERBS) - {"demo"}


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    lines = [words for path in documents() for block in blocks(path) for words in block.command_lines]
    for target in {words[1] for words in lines if words[0] == "make"}:
        assert f"\n{target}:" in makefile


def test_the_reference_is_current():
    made = runpy.run_path(str(ROOT / "scripts" / "generate_reference.py"))["pages"]()
    for name, text in made.items():
        kept = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
        assert kept == text, f"docs/reference/{name} is stale: run python scripts/generate_reference.py"


def test_every_decision_is_listed():
    listed = set(links(ROOT / "docs" / "adr" / "index.md"))
    assert listed == {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_figure_is_missing(path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    assert not [number for number, line in lines if re.search(r"\bFIGURES?\b", line)]


def test_every_objective_is_described():
    text = (ROOT / "docs/how-to/train-a-generator.md").read_text()
    described = re.findall(r"^\| `([a-z-]+)` \| .+ \| .+ \d{4} \|$", text, re.MULTILINE)
    assert described == list(OBJECTIVE_NAMES)
