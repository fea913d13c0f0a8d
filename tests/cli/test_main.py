import json
import subprocess
import sys
import time

import click
import pytest

from partly.cli import command_line as main_module
from partly.cli.command_line import INTERRUPTED, VERBS, cli, run
from partly.errors import NotAvailable, PartlyError


def in_new_process(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_is_quick_and_imports_nothing_heavy():
    code = (
        "import sys; from partly.cli.command_line import run; code = run(['--help']);"
        "print(sorted({'torch', 'numpy', 'PIL', 'rich', 'jinja2'} & set(sys.modules)), code)"
    )
    began = time.monotonic()
    done = in_new_process(code)
    assert time.monotonic() - began < 3  # 0.1 s on a quiet machine
    assert done.stdout.endswith("[] 0\n"), done.stdout + done.stderr
    said = " ".join(done.stdout.split())  # long texts go over several lines
    for verb, text in VERBS.items():
        assert f"{verb} {text}" in said


def test_import_partly_imports_nothing_heavy():
    done = in_new_process("import sys, partly; print({'torch', 'numpy', 'PIL', 'click'} & set(sys.modules))")
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("verb", VERBS)
def test_no_help_imports_what_only_the_work_needs(verb):
    code = (
        f"import sys; from partly.cli.command_line import run; run(['{verb}', '--help']); "
        "print(sorted({'torch', 'numpy', 'PIL', 'fastapi', 'rich', 'jinja2'} & set(sys.modules)))"
    )
    done = in_new_process(code)
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    assert run([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: partly {verb}")
    assert "--json" in text


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("partly 0.")


def test_wrong_usage_is_2(capsys):
    assert run(["paint"]) == 2
    assert "No such command 'paint'" in capsys.readouterr().err
    assert run(["new"]) == 2
    assert run(["fit", "x", "--method", "magic"]) == 2
    for words in (["label", "x", "--replace"], ["label", "--fill", "unlabelled"]):
        assert run(words) == 2
        assert "Give label files, or --shipped face-1." in capsys.readouterr().err
    assert run(["label", "x", "a.png", "--port", "1"]) == 2
    assert "Options of the studio go without label files" in capsys.readouterr().err
    assert run(["label", "--shipped", "face-1"]) == 2
    assert "Name the project first." in capsys.readouterr().err


def failing(error):
    @click.command()
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PartlyError("is broken", remedy="Mend it", path="a.png"), 1, "Error: a.png: is broken. Mend it.\n"),
        (NotAvailable("is away"), 3, "Error: is away.\n"),
        (KeyboardInterrupt(), INTERRUPTED, "Stopped. What is finished is kept: the same command goes on"),
        (OSError(28, "No space left on device", "/x"), 1, "Error: /x: no space is left on the disk. Free"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Error: /x: Permission denied.\n"),
    ],
)
def test_errors_are_one_message_and_a_code(error, code, said, monkeypatch, capsys):
    monkeypatch.setitem(cli.__dict__, "get_command", lambda _context, _name: failing(error))
    assert run(["fit"]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_defects_are_not_hidden(monkeypatch):
    monkeypatch.setitem(cli.__dict__, "get_command", lambda _context, _name: failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run(["fit"])


def test_a_reader_that_has_enough_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -c 'from partly.cli.command_line import main; main()' info | head -c 1; "
        "echo ${PIPESTATUS[0]}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_main_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(main_module.sys, "argv", ["partly", "paint"])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == 2


def test_json_is_pure(capsys, tmp_path):
    assert run(["new", str(tmp_path / "p"), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["next_step"] == "partly get ffhq"
    assert "Made" in captured.err
