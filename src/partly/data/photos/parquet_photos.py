"""Photos in a Parquet file, a row each: read in small batches, a few of which are in memory."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.errors import BadArchive, BadPhoto, NotAvailable, listed

_MAGIC = b"PAR1"
_ROWS, _MOST_BATCHES = 16, 4
_BUFFER_BYTES = 1 << 20
_NAME_COLUMNS = ("name", "file_name", "filename", "path", "image_path", "key", "__key__", "id")


@dataclass(frozen=True)
class ParquetPhoto(PhotoSource):
    """One photo of a Parquet file.

    Attributes:
        row: its place in the file, from 0.
        rows: of the whole file.
    """

    row: int = 0
    rows: ParquetRows | None = field(default=None, repr=False, compare=False)

    @property
    def location(self) -> Path:
        """The file's path with the row behind it."""
        return self.path / f"row {self.row}"

    def open(self) -> BinaryIO:
        """The bytes of the row.

        Raises:
            BadPhoto: the row has none, or the file is damaged there.
        """
        assert self.rows is not None
        data = self.rows.image(self.row)
        if data is None:
            raise BadPhoto("holds no image", expected="bytes of an image file", path=self.location)
        return io.BytesIO(data)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, or is called so."""
    with open_file(path) as file:
        has_magic = file.read(len(_MAGIC)) == _MAGIC
    return has_magic or path.suffix.lower() == ".parquet"


def parquet_rows(path: Path) -> list[PhotoSource]:
    """The photos of a Parquet file, in its order, named by its column of names, else by their rows.

    Images are in the first column of bytes, or of a struct with the field ``bytes``, one called "image"
    before others; names in a column of texts called "name", "file_name", "path" or alike, or in the struct's
    field ``path``.

    Raises:
        NotAvailable: pyarrow is not installed.
        BadArchive: it is no Parquet file, or has no column of images.
    """
    rows = ParquetRows(path)
    return [ParquetPhoto(name, path, row=row, rows=rows) for row, name in enumerate(rows.names())]


class ParquetRows:
    """The rows of a Parquet file; for all threads, and quick where rows are read about in order.

    Args:
        path: the file.

    Raises:
        NotAvailable: pyarrow is not installed.
        BadArchive: it is no Parquet file, or has no column of images.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, list[Any]] = OrderedDict()
        self._batches: Iterator[Any] | None = None
        self._next = 0
        self._file = _opened(self._path)
        self._image, self._of_name = _columns(self._file.schema_arrow, self._path)
        metadata = self._file.metadata
        counts = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._starts = [sum(counts[:i]) for i in range(len(counts))]
        self._n_rows = sum(counts)

    def names(self) -> list[str]:
        """A name for each row; only names are read.

        Raises:
            BadArchive: the names are damaged.
        """
        digits = max(6, len(str(self._n_rows)))
        numbered = [f"{row:0{digits}}" for row in range(self._n_rows)]
        if self._of_name is None:
            return numbered
        try:
            batches = self._read(range(len(self._starts)), self._of_name)
            named = [_inner_name(value) for batch in batches for value in batch]
        except Exception as error:
            raise BadArchive(
                f"its names cannot be read ({str(error).strip()})",
                remedy="Copy or make it again",
                path=self._path,
            ) from error
        if len(named) != self._n_rows:
            raise BadArchive(
                f"has {len(named)} names for {self._n_rows} rows",
                remedy="Copy or make it again",
                path=self._path,
            )
        return [name or number for name, number in zip(named, numbered, strict=True)]

    def image(self, row: int) -> bytes | None:
        """The bytes of a row's image; None where it has none.

        Raises:
            BadPhoto: the file is damaged there.
        """
        with self._lock:
            try:
                return self._at(row)
            except BadPhoto:
                raise
            except Exception as error:
                # pyarrow raises of its own kinds, OSError and more; what comes next is read anew.
                self._batches = None
                raise BadPhoto(
                    f"cannot be read ({str(error).strip()})",
                    remedy="Make the file again",
                    path=self._path / f"row {row}",
                ) from error

    def _at(self, row: int) -> bytes | None:
        start = max(begin for begin in self._starts if begin <= row)
        for first, values in self._kept.items():
            if first <= row < first + len(values):
                value: bytes | None = values[row - first]
                return value
        if self._batches is None or not self._next <= row or start > self._next:
            groups = range(self._starts.index(start), len(self._starts))
            self._batches, self._next = self._read(groups, self._image), start
        for values in self._batches:
            first, self._next = self._next, self._next + len(values)
            self._kept[first] = values
            if len(self._kept) > _MOST_BATCHES:
                self._kept.popitem(last=False)
            if row < self._next:
                found: bytes | None = values[row - first]
                return found
        raise BadPhoto("is behind the end of the file", path=self._path / f"row {row}")

    def _read(self, groups: range, column: str) -> Iterator[list[Any]]:
        """The values of a column in batches of a few rows, from some row groups."""
        top, _, inner = column.partition("\0")
        leaf = f"{top}.{inner}" if inner else top
        for batch in self._file.iter_batches(_ROWS, row_groups=list(groups), columns=[leaf]):
            values = batch.column(0).to_pylist()
            yield [value and value.get(inner) for value in values] if inner else values

    def __getstate__(self) -> dict[str, Any]:
        """For other processes, which open the file themselves."""
        return {"_path": self._path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._path = state["_path"]
        self._begin()


def _opened(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise NotAvailable(
            "Parquet files are read with pyarrow, which is not installed",
            remedy="Install it: pip install 'partly[parquet]'",
            path=path,
        ) from error
    open_file(path).close()
    try:
        return pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except Exception as error:
        raise BadArchive(
            f"is no Parquet file that can be read ({error})", remedy="Copy or make it again", path=path
        ) from error


def _columns(schema: Any, path: Path) -> tuple[str, str | None]:
    """The column of images and that of names; the field of a struct behind a zero character."""
    import pyarrow.types as kinds

    def is_bytes(kind: Any) -> bool:
        return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))

    def is_text(kind: Any) -> bool:
        return bool(kinds.is_string(kind) or kinds.is_large_string(kind))

    images: dict[str, Any] = {}
    for column in schema:
        if is_bytes(column.type):
            images[column.name] = column.name
        elif kinds.is_struct(column.type):
            inner = {
                column.type.field(i).name: column.type.field(i).type for i in range(column.type.num_fields)
            }
            if "bytes" in inner and is_bytes(inner["bytes"]):
                images[column.name] = f"{column.name}\0bytes"
    if not images:
        raise BadArchive(
            f"has no column of images, but {listed(f'{c.name} ({c.type})' for c in schema) or 'none at all'}",
            expected='a column of bytes, or of a struct with the field "bytes"',
            path=path,
        )
    image = "image" if "image" in images else next(iter(images))
    texts = {column.name for column in schema if is_text(column.type)}
    named = next((name for name in _NAME_COLUMNS if name in texts), None)
    if named is None and "\0" in images[image]:
        struct = schema.field(image).type
        if "path" in [struct.field(i).name for i in range(struct.num_fields)]:
            named = f"{image}\0path"
    return images[image], named


def _inner_name(value: Any) -> str:
    """A name as a path that leads nowhere else; "" for none."""
    if not isinstance(value, str):
        return ""
    parts = [part for part in PurePosixPath(value.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    return "/".join(parts).replace(":", "_")
