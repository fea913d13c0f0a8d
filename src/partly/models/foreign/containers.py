"""What is inside a checkpoint's file, whatever wrote it, as plain values; told apart by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from partly.errors import BadModelFile
from partly.models.foreign.inert_pickles import damaged, read_inert
from partly.models.foreign.mistaken_files import HEAD_LENGTH, mistaken
from partly.models.foreign.torch_files import OLD_HEADS, read_torch_file

_ZIP = b"PK\x03\x04"
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\((d|l|i)|[}\]](q|\.)|c[a-z_]+[a-zA-Z_.0-9]*\r?\n[a-zA-Z_]\w*\r?\n")
"""Protocols 2 to 5 begin with a mark, 0 and 1 with their first value: a container or a name."""


def read_content(path: Path) -> Any:
    """Plain values, containers, and records of what a pickle asked for; of safetensors, tensors by name.

    Raises:
        BadModelFile: it is neither a file of ``torch.save``, nor of safetensors, nor a pickle, is damaged, or
            asks for code.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_LENGTH)
    if _is_safetensors(head):
        return _load_safetensors(path)
    if head.startswith((_ZIP, *OLD_HEADS)):
        return read_torch_file(path)
    if _PICKLE.match(head):
        return read_inert(path)
    raise mistaken(head, path) or BadModelFile(
        f"is no checkpoint that Partly knows (it begins with {head[:4]!r})",
        expected="a file of torch.save, a safetensors file, or a pickle",
        path=path,
    )


def _is_safetensors(head: bytes) -> bool:
    """Whether a file begins as https://huggingface.co/docs/safetensors says: a length, and then JSON."""
    return head[4:9] == b"\0\0\0\0{"


def _load_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise damaged(error, path) from error
