"""Self-contained HTML pages, and tables for the terminal."""

from .charts import Series as Series
from .charts import curves as curves
from .charts import curves_svg as curves_svg
from .evaluation_report import evaluation_page as evaluation_page
from .evaluation_report import evaluation_table as evaluation_table
from .generator_report import generator_page as generator_page
from .generator_report import generator_table as generator_table
from .html_pages import page as page
from .html_tables import key_values as key_values
from .html_tables import legend as legend
from .html_tables import notes as notes
from .html_tables import table as table
from .inversion_report import FoundPhoto as FoundPhoto
from .inversion_report import inversion_page as inversion_page
from .page_parts import KeyFigure as KeyFigure
from .page_parts import key_figures as key_figures
from .page_parts import ribbon as ribbon
from .picture_panels import Panel as Panel
from .picture_panels import Picture as Picture
from .picture_panels import labelled_pictures as labelled_pictures
from .picture_panels import panels as panels
from .picture_panels import picture_grid as picture_grid
from .results_report import PhotoResult as PhotoResult
from .results_report import results_page as results_page
from .section import Section as Section
