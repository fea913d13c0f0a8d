"""Networks in pickles of NVIDIA's repositories, as trees of tensors and attributes.

The format, as torch_utils/persistence.py of https://github.com/NVlabs/stylegan2-ada-pytorch and
https://github.com/NVlabs/stylegan3 describes it: a call of ``_reconstruct_persistent_obj`` with a dict of
``type`` ("class"), ``version`` (6), ``module_src`` (source code, which unpickling would run, and which is not
looked at here), ``class_name`` and ``state``, the ``__dict__`` of a torch module.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_names import PERSISTENT
from partly.models.foreign.inert_pickles import Record
from partly.models.foreign.inert_tensors import plain_of, tensor_of

_VERSION = 6
_MAX_DEPTH, _MAX_MODULES = 8, 1000


def is_network(value: Any) -> bool:
    """Whether a value of the pickle is a persistent object."""
    return isinstance(value, Record) and value.name == PERSISTENT


def class_name_of(record: Record, path: Path) -> str:
    """Which class a persistent object is of.

    Raises:
        BadModelFile: its description is of another version, or incomplete.
    """
    class_name: str = _meta(record, path)["class_name"]
    return class_name


@dataclass(frozen=True)
class Network:
    """A network and all within it, by dotted names from it; its own name is "".

    Attributes:
        path: the file, for errors.
        class_names: of each module.
        attributes: of each module, by module and name.
        tensors: parameters and buffers.
    """

    path: Path
    class_names: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def value(self, module: str, name: str) -> Any:
        """An attribute of a module, numbers as Python numbers.

        Raises:
            BadModelFile: there is no such module, or it has no such attribute.
        """
        if module not in self.attributes or name not in self.attributes[module]:
            raise BadModelFile(
                f"lacks {_joined(module, name)}" if module in self.attributes else f"lacks {module}",
                expected="a generator of the repositories stylegan2-ada-pytorch or stylegan3",
                path=self.path,
            )
        return plain_of(self.attributes[module][name])

    def number(self, module: str, name: str, *, least: int = 0) -> int:
        """An attribute that must be a whole number from ``least`` up.

        Raises:
            BadModelFile: it is missing, or none.
        """
        value = self.value(module, name)
        if type(value) is not int or value < least:
            raise BadModelFile(
                f"{_joined(module, name)} is {reprlib.repr(value)}",
                expected=f"a whole number from {least} up",
                path=self.path,
            )
        return value

    def expect(self, module: str, class_name: str, **values: Any) -> None:
        """Make sure that a module is what the conversion takes it for.

        Raises:
            BadModelFile: it is missing, of another class, or an attribute has another value.
        """
        found_name = self.class_names.get(module)
        if found_name is None or found_name != class_name:
            raise BadModelFile(
                f"lacks {module}" if found_name is None else f"{module} is of class {found_name}",
                expected=class_name,
                path=self.path,
            )
        for name, wanted in values.items():
            found = self.value(module, name)
            if not _same(found, wanted):
                raise BadModelFile(
                    f"{_joined(module, name)} is {reprlib.repr(found)}",
                    expected=f"{wanted!r}",
                    remedy="Partly knows the networks of the papers only, not those derived from them",
                    path=self.path,
                )


def read_network(record: Record, path: Path) -> Network:
    """The tree below a persistent object.

    Raises:
        BadModelFile: it is of another version, incomplete, or holds something else than tensors and networks.
    """
    network = Network(path)
    _collect(record, "", network, 0)
    return network


def _collect(record: Record, name: str, network: Network, depth: int) -> None:
    # A pickle can put a network into itself.
    if depth > _MAX_DEPTH or len(network.class_names) > _MAX_MODULES:
        raise BadModelFile(
            "holds networks in each other without end",
            expected=f"{_MAX_MODULES} modules at most, {_MAX_DEPTH} deep",
            path=network.path,
        )
    meta = _meta(record, network.path)
    state = meta["state"]
    network.class_names[name] = meta["class_name"]
    network.attributes[name] = state
    for kind in ("_parameters", "_buffers"):
        for own, value in _part(state, kind, name, network.path).items():
            if value is not None:
                full_name = _joined(name, str(own))
                network.tensors[full_name] = tensor_of(value, full_name, network.path)
    for own, value in _part(state, "_modules", name, network.path).items():
        full_name = _joined(name, str(own))
        if not is_network(value):
            raise BadModelFile(f"{full_name} is no network", expected="one", path=network.path)
        _collect(value, full_name, network, depth + 1)


def _meta(record: Record, path: Path) -> dict[str, Any]:
    """What a persistent object is described by."""
    meta: dict[str, Any] = {}
    if len(record.args) == 1 and isinstance(record.args[0], dict):
        meta = record.args[0]
    if not isinstance(meta.get("state"), dict) or not isinstance(meta.get("class_name"), str):
        raise BadModelFile(
            "describes a network in a way that is not known",
            expected="a dict with type, version, module_src, class_name and state",
            path=path,
        )
    if (meta.get("type"), meta.get("version")) != ("class", _VERSION):
        raise BadModelFile(
            f"describes a network as {reprlib.repr(meta.get('type'))} of version "
            f"{reprlib.repr(meta.get('version'))}",
            expected=f"'class' of version {_VERSION}",
            path=path,
        )
    return meta


def _part(state: Mapping[str, Any], kind: str, name: str, path: Path) -> Mapping[str, Any]:
    part = state.get(kind)
    if not isinstance(part, dict):
        raise BadModelFile(f"{name or 'the network'} lacks {kind}", expected="a torch module", path=path)
    return part


def _joined(*names: str) -> str:
    return ".".join(name for name in names if name)


def _same(found: Any, wanted: Any) -> bool:
    numbers = (int, float)
    if isinstance(wanted, numbers) and isinstance(found, numbers):
        return math.isclose(found, wanted, rel_tol=1e-6)
    return bool(found == wanted)
