"""Which picture to label next."""

from .promising_pictures import Proposal as Proposal
from .promising_pictures import Worth as Worth
from .promising_pictures import propose as propose
from .representative_pictures import representative as representative
from .representative_pictures import representative_among as representative_among
from .unsure_of_part import doubt_about as doubt_about
from .unsure_pictures import least_sure as least_sure
from .unsure_pictures import least_sure_among as least_sure_among
from .unsure_pictures import propose_unsure as propose_unsure
