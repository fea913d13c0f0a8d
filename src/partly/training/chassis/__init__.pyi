"""What all trainings share: a sitting with checkpoints, log, clock, Ctrl-C, ranks."""

from .checkpoints import checkpoint_files as checkpoint_files
from .machine import Machine as Machine
from .machine import PROCESSOR as PROCESSOR
from .ranks import Ranks as Ranks
from .step_log import OnStep as OnStep
from .step_log import StepReport as StepReport
from .step_log import figures_text as figures_text
