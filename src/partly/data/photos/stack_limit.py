"""How many photos are taken of one file with several pages or frames. Without NumPy."""

from __future__ import annotations

MAX_PAGES = 1000
"""By default; those behind them are told of, not taken."""
