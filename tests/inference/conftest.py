"""Each architecture is exported once, since that takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from partly.inference.export.onnx_file import OnnxFile, export_onnx
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.inference.export.networks import lively_network


@dataclass(frozen=True)
class Exported:
    """A network and its file."""

    network: AutoShotNetwork
    file: OnnxFile


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Gives an architecture's network and file."""
    folder = tmp_path_factory.mktemp("exported")

    @cache
    def exported(architecture: str) -> Exported:
        network = lively_network(architecture)
        return Exported(network, export_onnx(network, folder / f"{architecture}.onnx"))

    return exported


@pytest.fixture
def small(export: Callable[[str], Exported]) -> Exported:
    """That of the smallest architecture."""
    return export("unet-small")
