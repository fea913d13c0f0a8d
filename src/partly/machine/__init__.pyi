"""What work runs on: devices, precision, memory, cores, and the processes that share it."""

from .devices import CPU as CPU
from .fitting_batches import FittingBatches as FittingBatches
from .fitting_batches import is_out_of_memory as is_out_of_memory
from .large_tensors import keep_large_tensors as keep_large_tensors
from .machine import Machine as Machine
from .machine import PROCESSOR as PROCESSOR
from .machine_options import MachineOptions as MachineOptions
from .processors import is_first_process as is_first_process
from .processors import usable_processors as usable_processors
from .ranks import Ranks as Ranks
