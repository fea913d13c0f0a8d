"""``python -m experiments NAME``: the claims of the project, measured anew."""

from experiments.command import command

command.main(prog_name="python -m experiments")
