"""The whole job once, on faces or drawn portraits, and a page that shows it."""

from partly.demo.demo import DemoChoices, DemoReports, run_demo
from partly.demo.subjects import FACES, PORTRAITS, Subject

__all__ = ["FACES", "PORTRAITS", "DemoChoices", "DemoReports", "Subject", "run_demo"]
