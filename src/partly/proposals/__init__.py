"""Which generated pictures to label: first the most promising, then those least understood."""

from partly.proposals.medoids import k_medoids
from partly.proposals.promising import propose
from partly.proposals.proposal import Proposal
from partly.proposals.unsure import propose_unsure

__all__ = ["Proposal", "k_medoids", "propose", "propose_unsure"]
