"""Which generated pictures to label: first the most promising, then those least understood."""

from partly.proposals.medoids import k_medoids
from partly.proposals.promising import propose
from partly.proposals.proposal import Proposal
from partly.proposals.representative import representative
from partly.proposals.unsure import least_sure, propose_unsure

__all__ = ["Proposal", "k_medoids", "least_sure", "propose", "propose_unsure", "representative"]
