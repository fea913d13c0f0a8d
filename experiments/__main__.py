"""``python -m experiments NAME``: the claims of the project, measured anew."""

import sys

from experiments.command import command
from partly.cli import run_command

sys.exit(run_command(command, sys.argv[1:], "python -m experiments"))
