"""Which tab has which picture: one picture is painted on in one tab at a time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from partly.errors import BadOption, OpenElsewhere

_TAB = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATIENCE_S = 5.0


def check_tab(tab: str) -> None:
    """Refuse what is no name of a tab.

    Raises:
        BadOption: it is not 1 to 64 letters, digits, ``_`` and ``-``.
    """
    if not _TAB.fullmatch(tab):
        raise BadOption(f"the tab is {tab[:80]!r}", expected="1 to 64 letters, digits, '_' and '-'")


class OpenTabs:
    """Which tab has which picture: one, until it opens another, is closed, or another tab takes it over.

    Args:
        is_listening: whether a tab is open; one that is not is still waited for a few seconds.
        clock: time in seconds.
    """

    def __init__(
        self, is_listening: Callable[[str], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._is_listening, self._clock = is_listening, clock
        self._lock = threading.Lock()
        self._tabs: dict[str, str] = {}
        self._seen: dict[str, float] = {}

    def open(self, picture_id: str, tab: str, *, take: bool = False) -> tuple[bool, str | None]:
        """A tab opens a picture.

        Args:
            picture_id: which picture.
            tab: who.
            take: even if another tab has it.

        Returns:
            Whether another tab has it (this one may look), and the tab that just lost it, if one did.
        """
        with self._lock:
            self._seen[tab] = self._clock()
            other = self._other(picture_id, tab)
            if other is not None and not take:
                self._leave(tab)
                return True, None
            self._leave(tab)
            self._tabs[picture_id] = tab
            return False, other

    def check(self, picture_id: str, tab: str) -> None:
        """A tab is about to paint; it has the picture from now on where no other has.

        Raises:
            OpenElsewhere: another tab has the picture.
        """
        with self._lock:
            self._seen[tab] = self._clock()
            if self._other(picture_id, tab) is not None:
                raise OpenElsewhere(
                    f"picture {picture_id} is open in another tab",
                    expected="one tab that paints on it",
                    remedy="Paint there, or take the picture over in this tab",
                )
            self._tabs[picture_id] = tab

    def leave(self, tab: str) -> None:
        """A tab was closed."""
        with self._lock:
            self._leave(tab)
            self._seen.pop(tab, None)

    def _leave(self, tab: str) -> None:
        self._tabs = {picture: owner for picture, owner in self._tabs.items() if owner != tab}

    def _other(self, picture_id: str, tab: str) -> str | None:
        """The other tab that has the picture, if it is still there."""
        owner = self._tabs.get(picture_id)
        if owner in (None, tab):
            return None
        seen = self._seen.get(owner, float("-inf")) if owner else 0.0
        is_there = self._is_listening(owner or "") or self._clock() - seen < _PATIENCE_S
        return owner if is_there else None
