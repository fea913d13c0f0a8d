"""Partly: label one picture, segment the rest.

What the stub beside this file names is the public API. It is imported when it is first used, so that
``import partly`` costs nothing.
"""

from typing import Any

import lazy_loader

_public, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("partly")
    return _public(name)
