"""The packages that an export needs: an extra of Partly."""

from __future__ import annotations

import importlib

from partly.errors import NotAvailable

PACKAGES = ("onnx", "onnxruntime")
"""What writes the graph, and what runs it."""


def require_packages() -> None:
    """Import what an export needs, before any work is done.

    Raises:
        NotAvailable: a package is not installed.
    """
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise NotAvailable(
                f"the package {name} is not installed, which an export needs",
                remedy="Install it: pip install 'partly[export]'",
            ) from error
