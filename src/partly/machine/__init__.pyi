"""What work runs on: devices, precision, memory, cores, and the processes that share it."""

from .autocast_off import full_precision as full_precision
from .devices import CPU as CPU
from .executors import Executor as Executor
from .executors import Tell as Tell
from .executors import Work as Work
from .executors import Worker as Worker
from .fitting_batches import FittingBatches as FittingBatches
from .fitting_batches import OnHalved as OnHalved
from .fitting_batches import is_out_of_memory as is_out_of_memory
from .large_tensors import keep_large_tensors as keep_large_tensors
from .limits_of_mps import where_able as where_able
from .machine import Machine as Machine
from .machine import PROCESSOR as PROCESSOR
from .machine_options import MachineOptions as MachineOptions
from .machine_options import Precision as Precision
from .piece_claims import PieceClaims as PieceClaims
from .piece_claims import run_shared as run_shared
from .processors import is_first_process as is_first_process
from .processors import usable_processors as usable_processors
from .ranks import ALONE as ALONE
from .ranks import Ranks as Ranks
from .shares import Share as Share
from .threads import one_thread as one_thread
from .work_options import SpreadOptions as SpreadOptions
from .work_options import WorkOptions as WorkOptions
