"""The command ``partly``: finds the verb, and turns errors into one message and an exit code.

Exit codes: 0 done; 1 an error that the user can mend; 2 wrong usage; 3 something must be downloaded first;
4 done, except for some inputs; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from partly.errors import PartlyError
from partly.machine import keep_large_tensors

INTERRUPTED = 130
_BROKEN_PIPE = 141
_HELP = ["-h", "--help"]

# The texts stand here, so that --help need not import the verbs, nor what they need.
VERBS = {
    "demo": "Do the whole job once, on faces, and show it on a page.",
    "get": "Get a model that Partly can use: a generator, an encoder.",
    "train": "Train a generator on photos of one kind of object.",
    "new": "Make a project.",
    "pictures": "Propose generated pictures to label.",
    "label": "Paint parts in the browser, or take labels from files.",
    "fit": "Fit the few-shot segmenter on the labelled pictures.",
    "distil": "Make the network for photos: label many pictures, train on them.",
    "segment": "Segment photos, folders and zips.",
    "invert": "Find photos in a generator: the latents of pictures like them.",
    "serve": "Serve the network over HTTP, also to Label Studio.",
    "export": "Write the network as one ONNX file, for programs without Partly.",
    "evaluate": "Compare label maps, or a network, with the truth.",
    "evaluate-generator": "Compare a generator's pictures with photos.",
    "report": "Write a page about a project.",
    "info": "Tell versions, models, and what a project needs next.",
}

# Not "segment": docs/lab.md has the figures.
_WITH_LARGE_TENSORS = frozenset(
    {"demo", "train", "pictures", "label", "fit", "distil", "invert", "evaluate-generator"}
)


class Verbs(click.Group):
    """A group that imports a verb when it is called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All verbs, in the order of work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb, from the module of its name."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(_module_of(cmd_name)).command
        command.context_settings.setdefault("help_option_names", _HELP)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is to run; where it works on large tensors, their memory is kept from now on."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in _WITH_LARGE_TENSORS:
            keep_large_tensors()
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs with their texts, without importing them."""
        with formatter.section("Verbs, in the order of work"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": _HELP})
@click.version_option(version("partly"), prog_name="partly", message="%(prog)s %(version)s")
def cli() -> None:
    """Label one picture, segment the rest.

    A generative model makes pictures of one kind of object; you label the parts of one; Partly makes a small
    network of it that segments photos. `partly VERB --help` tells more; `partly demo` shows it all.
    """


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line of ``partly``; returns the exit code."""
    return run_command(cli, arguments, "partly")


def run_command(command: click.Command, arguments: Sequence[str], program: str) -> int:
    """Run a command, and say on standard error what stopped it.

    Args:
        command: what is run.
        arguments: of the command line, without the program's name.
        program: its name, as usage texts have it.

    Returns:
        The exit code: 0, that of the error, or that of a stop by Ctrl-C.
    """
    try:
        code = command.main(args=list(arguments), prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except PartlyError as error:
        return _say(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("Stopped. What is finished is kept: the same command goes on from there.", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has read enough; Python must not complain about it again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        return _say(_os_error_text(error), 1)
    except (RuntimeError, MemoryError, TypeError) as error:
        return _say(_device_error_text(error), 1)
    return code if isinstance(code, int) else 0


def _module_of(verb: str) -> str:
    return f"partly.cli.{verb.replace('-', '_')}_command"


def _say(text: str, code: int) -> int:
    prefix = "" if code == INTERRUPTED else click.style("Error: ", fg="red", bold=True)
    click.echo(prefix + text, err=True)
    return code


def _device_error_text(error: RuntimeError | MemoryError | TypeError) -> str:
    """What to do about a device that could not do something; any other error is a defect, and raised."""
    from partly.machine import mendable

    told = mendable(error)
    if told is None:
        raise error
    return str(told)


def _os_error_text(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{where}no space is left on the disk. Free some and run the same command again: "
            "what is finished is kept."
        )
    return f"{where}{error.strerror or error}."
