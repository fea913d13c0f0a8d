"""What a foreign network that reads photos becomes."""

from __future__ import annotations

from dataclasses import dataclass

from partly.models.encoders.photo_encoder import RepresentationFamily


@dataclass(frozen=True)
class ForeignEncoder:
    """A network that reads photos, as it was found.

    Attributes:
        format: name of the checkpoint's format.
        network: the native network, with its weights.
        title: what it is.
        licence: what is known of it.
        remarks: what had to be assumed or left out, a clause each.
    """

    format: str
    network: RepresentationFamily
    title: str
    licence: str
    remarks: tuple[str, ...] = ()
