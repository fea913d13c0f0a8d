"""A share of a work's pieces, for machines that know nothing of each other but their number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from partly.errors import BadOption

_SHARE = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)


@dataclass(frozen=True)
class Share:
    """Share ``index`` of ``n``: the pieces ``index - 1``, ``index - 1 + n``, and so on.

    Attributes:
        index: from 1.
        n: how many shares there are.
    """

    index: int = 1
    n: int = 1

    @classmethod
    def parse(cls, text: str) -> Share:
        """A share as the command line has it, such as 3/16.

        Raises:
            BadOption: it is none, or there is no such share.
        """
        found = _SHARE.fullmatch(text.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise BadOption(
                f"the share {text!r}",
                expected="K/N, with K from 1 to N: --share 3/16 is the third of sixteen",
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def is_all(self) -> bool:
        """Whether there is no other share."""
        return self.n == 1

    def has(self, number: int) -> bool:
        """Whether a piece, by its number from 0 among all pieces, belongs to this share."""
        return number % self.n == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.n}"
