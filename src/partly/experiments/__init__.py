"""The project's claims, measured: the studies of the method's paper that the generator of faces allows."""

from partly.experiments.catalogue import EXPERIMENTS, experiment_named
from partly.experiments.collect import MARKER, collect
from partly.experiments.experiment import Cell, Column, Experiment, Figures, Plot, Row, n_measured
from partly.experiments.protocol import HALVES, PROTOCOL, Half, Protocol
from partly.experiments.runner import run_experiment
from partly.experiments.store import results_folder, rows_of
from partly.experiments.workshop import Workshop

__all__ = [
    "EXPERIMENTS",
    "HALVES",
    "MARKER",
    "PROTOCOL",
    "Cell",
    "Column",
    "Experiment",
    "Figures",
    "Half",
    "Plot",
    "Protocol",
    "Row",
    "Workshop",
    "collect",
    "experiment_named",
    "n_measured",
    "results_folder",
    "rows_of",
    "run_experiment",
]
