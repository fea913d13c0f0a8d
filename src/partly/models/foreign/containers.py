"""What is inside a checkpoint's file, whatever wrote it, as plain values; told apart by its first bytes."""

from __future__ import annotations

import argparse
import io
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.serialization import safe_globals

from partly.errors import BadModelFile
from partly.models.foreign.inert_pickles import damaged, read_inert, refused

_LFS_POINTER = b"version https://git-lfs"
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""A pickled number: what files of ``torch.save`` began with before torch 1.6 (torch/serialization.py)."""
_DAMAGED = (
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    struct.error,
)
# What torch says of a file that it refuses is long, and recommends to trust it.
_NAME = re.compile(r"GLOBAL (\S+)")
# Training options, a plain holder of values, stand in the checkpoints of rosinality's train.py.
_PLAIN_HOLDERS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [argparse.Namespace]


def read_content(path: Path) -> Any:
    """Plain values, containers, tensors, and records of what a pickle asked for.

    Raises:
        BadModelFile: it is neither a file of ``torch.save``, nor of safetensors, nor a pickle, is damaged, or
            asks for code.
    """
    with path.open("rb") as file:
        head = file.read(len(_LFS_POINTER))
    if _is_safetensors(head):
        return _load_safetensors(path)
    if head.startswith(_ZIP):
        return load_tensors(path, path, mmap=True)
    if head.startswith(_OLD_TORCH):
        return load_tensors(path, path)
    if head.startswith(_PICKLE):
        return read_inert(path)
    if head == _LFS_POINTER:
        raise BadModelFile(
            "is a pointer of Git LFS, a few lines that stand for the file itself",
            expected="the file itself",
            remedy="Fetch it with git lfs pull, or download it from its page",
            path=path,
        )
    raise BadModelFile(
        f"is no checkpoint that Partly knows (it begins with {head[:4]!r})" if head else "is empty",
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


def load_tensors(source: Path | io.BytesIO, path: Path, *, mmap: bool = False) -> Any:
    """``torch.load`` of tensors and plain values only.

    Args:
        source: what to read.
        path: the file that errors name.
        mmap: leave in the file what is not looked at.

    Raises:
        BadModelFile: it asks for anything else, or is damaged.
    """
    try:
        with safe_globals(_PLAIN_HOLDERS):
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        if named := _NAME.search(str(error)):
            raise refused(named[1], path) from error
        raise damaged(ValueError("its pickle makes no sense"), path) from error
    except _DAMAGED as error:
        raise damaged(error, path) from error
