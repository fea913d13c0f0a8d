"""Self-contained HTML pages, and tables for the terminal."""

from partly.report.charts import Series, curves, curves_svg, histogram
from partly.report.evaluation import evaluation_figures, evaluation_page, evaluation_sections
from partly.report.figures import KeyFigure, key_figures
from partly.report.generator import generator_page, generator_table
from partly.report.images import picture_uri
from partly.report.pages import page
from partly.report.panels import Panel, Picture, labelled_pictures, panels, picture_grid, worst_photos
from partly.report.ribbon import ribbon
from partly.report.section import Section
from partly.report.tables import confusion_table, key_values, legend, notes, part_table, table
from partly.report.terminal import evaluation_table

__all__ = [
    "KeyFigure",
    "Panel",
    "Picture",
    "Section",
    "Series",
    "confusion_table",
    "curves",
    "curves_svg",
    "evaluation_figures",
    "evaluation_page",
    "evaluation_sections",
    "evaluation_table",
    "generator_page",
    "generator_table",
    "histogram",
    "key_figures",
    "key_values",
    "labelled_pictures",
    "legend",
    "notes",
    "page",
    "panels",
    "part_table",
    "picture_grid",
    "picture_uri",
    "ribbon",
    "table",
    "worst_photos",
]
