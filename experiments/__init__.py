"""The project's claims, measured: the studies of the method's paper that the generator of faces allows."""

from experiments.bench import Bench
from experiments.catalogue import EXPERIMENTS, experiment_named
from experiments.collect import MARKER, collect
from experiments.experiment import Cell, Column, Experiment, Figures, Plot, Row, n_measured
from experiments.protocol import HALVES, PROTOCOL, Half, Protocol
from experiments.runner import run_experiment
from experiments.store import results_folder, rows_of

__all__ = [
    "EXPERIMENTS",
    "HALVES",
    "MARKER",
    "PROTOCOL",
    "Bench",
    "Cell",
    "Column",
    "Experiment",
    "Figures",
    "Half",
    "Plot",
    "Protocol",
    "Row",
    "collect",
    "experiment_named",
    "n_measured",
    "results_folder",
    "rows_of",
    "run_experiment",
]
