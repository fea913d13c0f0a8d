"""The whole job once, on faces, and a page that shows it."""

from partly.demo.demo import DemoChoices, DemoReports, run_demo

__all__ = ["DemoChoices", "DemoReports", "run_demo"]
