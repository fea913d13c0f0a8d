"""The command line: parse, call, print."""

from .command_line import VERBS as VERBS
from .command_line import cli as cli
from .command_line import main as main
from .command_line import run as run
from .command_line import run_command as run_command
from .terminal_output import Output as Output
from .terminal_output import json_option as json_option
from .terminal_progress import Bars as Bars
