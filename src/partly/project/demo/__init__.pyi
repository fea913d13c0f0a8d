"""The whole job once, with a page."""

from .demo_subjects import FACES as FACES
from .demo_subjects import PORTRAITS as PORTRAITS
from .whole_demo import DemoChoices as DemoChoices
from .whole_demo import DemoReports as DemoReports
from .whole_demo import run_demo as run_demo
