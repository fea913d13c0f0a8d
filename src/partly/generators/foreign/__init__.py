"""StyleGAN2 checkpoints of other programs, turned into native generators; no code of the files is run.

The container (a file of ``torch.save``, a pickle) is read into plain values, a format recognises these, and
what it finds becomes a shape and tensors under native names. One file a format, one line in the catalogue.
"""

from partly.generators.foreign.catalogue import FORMATS, Format, read_checkpoint
from partly.generators.foreign.native import ForeignGenerator, assembled

__all__ = ["FORMATS", "ForeignGenerator", "Format", "assembled", "read_checkpoint"]
