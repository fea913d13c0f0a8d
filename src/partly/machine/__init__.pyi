"""What work runs on: devices, precision, memory, cores, and the processes that share it."""

from .executors import Executor as Executor
from .executors import Tell as Tell
from .executors import Work as Work
from .executors import Worker as Worker
from .large_tensors import keep_large_tensors as keep_large_tensors
from .machine import Machine as Machine
from .machine import PROCESSOR as PROCESSOR
from .piece_claims import PieceClaims as PieceClaims
from .piece_claims import run_shared as run_shared
from .processors import usable_processors as usable_processors
from .ranks import Ranks as Ranks
from .shares import Share as Share
from .threads import one_thread as one_thread
from .work_options import SpreadOptions as SpreadOptions
from .work_options import WorkOptions as WorkOptions
