"""Photos cut into pieces of a fixed size, in which results have the names that they have in the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from partly.data.photos import PhotoSource, output_name


@dataclass(frozen=True, eq=False)
class PhotoPiece:
    """Photos that one worker segments, one after another.

    Attributes:
        number: of the piece, from 0.
        sources: where the photos are, in order.
    """

    number: int
    sources: tuple[PhotoSource, ...]

    def __str__(self) -> str:
        return f"photos-{self.number:06}"


def cut_photos(sources: Sequence[PhotoSource], per_piece: int) -> list[PhotoPiece]:
    """Cut photos into pieces: the same ones for the same list, however many machines take shares.

    Names of results depend on the names before: of ``a.jpg`` and ``a.png``, the second keeps its suffix. So a
    photo whose plain name is taken goes to the piece with the photo that took it, and where that is not
    enough, all go into one.

    Args:
        sources: all photos.
        per_piece: how many a piece has, but for those that go elsewhere for their names.
    """
    whole = output_names(sources)
    owners: dict[str, int] = {}
    pieces: dict[int, list[int]] = {}
    for i, source in enumerate(sources):
        plain = output_name(source.name, set()).casefold()
        number = owners.setdefault(plain, i // per_piece)
        owners.setdefault(whole[i].casefold(), number)
        pieces.setdefault(number, []).append(i)
    cut = [PhotoPiece(n, tuple(sources[i] for i in pieces[n])) for n in sorted(pieces)]
    for piece in cut:
        if output_names(piece.sources) != [whole[i] for i in pieces[piece.number]]:
            return [PhotoPiece(0, tuple(sources))]
    return cut


def output_names(sources: Sequence[PhotoSource]) -> list[str]:
    """Names of the results of photos, in their order."""
    taken: set[str] = set()
    return [output_name(source.name, taken) for source in sources]
