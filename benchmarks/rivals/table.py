"""All measurements in one table, to read (Markdown) and to compute with (JSON)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from experiments.tables import markdown_line

from benchmarks.rivals.catalogue import MODULES, WITHOUT_LABELS
from benchmarks.rivals.protocol import GROWN, NONE, ONE, TEN, Half, result_file
from partly.storage import write_json, write_text

Result = Mapping[str, Any]
_HEADER = (
    "rival",
    "labels",
    "pooled / per photo",
    "each draw, pooled",
    "fit, s",
    "photo, s",
    "peak memory, MiB",
    "photos",
)
_SETS = (("one", ONE), ("ten", (TEN,)), ("ten, grown", (GROWN,)))
_NOTE = (
    "Mean IoU over the ten face parts, in per cent, eyeglasses left out. Times are of one core at work; "
    "of several draws there are means. Ridge rivals chose their penalty on photos of the choices half."
)


def rows(out: Path, half: Half) -> Iterator[dict[str, Any]]:
    """A row for each rival and number of labels that was measured."""
    for name in MODULES:
        for labels, sets in ((NONE, (NONE,)),) if name in WITHOUT_LABELS else _SETS:
            files = [result_file(out, name, label_set, half) for label_set in sets]
            results = [json.loads(path.read_text()) for path in files if path.is_file()]
            if results:
                yield summary(name, labels, results)


def summary(name: str, labels: str, results: Sequence[Result]) -> dict[str, Any]:
    """Means over the draws of one number of labels; memory is the most that any took."""
    return {
        "rival": name,
        "labels": labels,
        "pooled": mean(r["pooled"] for r in results),
        "per_photo": mean(r["per_photo"] for r in results),
        "pooled_each": [r["pooled"] for r in results],
        "fit_cpu_s": mean(r["fit"]["cpu_s"] for r in results),
        "photo_cpu_s": mean(r["photo"]["cpu_s"] for r in results),
        "peak_memory_mib": max(r["peak_memory_mib"] for r in results),
        "n_photos": min(r["n_photos"] for r in results),
    }


def markdown(found: Sequence[Mapping[str, Any]], half: Half) -> str:
    """The rows as a page."""
    lines = [
        f"# Rivals, {half} half",
        "",
        _NOTE,
        "",
        markdown_line(_HEADER),
        markdown_line(["---"] * len(_HEADER)),
    ]
    return "\n".join([*lines, *(markdown_line(_cells(row)) for row in found)]) + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["rival"],
        row["labels"],
        f"{100 * row['pooled']:.1f} / {100 * row['per_photo']:.1f}",
        ", ".join(f"{100 * pooled:.1f}" for pooled in row["pooled_each"]),
        f"{row['fit_cpu_s']:.0f}",
        f"{row['photo_cpu_s']:.2f}",
        f"{row['peak_memory_mib']:.0f}",
        str(row["n_photos"]),
    ]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.rivals.table", description=__doc__)
    options.add_argument("--half", choices=("choices", "figure"), default="choices")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = options.parse_args()
    found = list(rows(arguments.out, arguments.half))
    page = markdown(found, arguments.half)
    folder = arguments.out / "rivals"
    write_json(folder / f"rivals-{arguments.half}.json", {"half": arguments.half, "rows": found})
    write_text(folder / f"rivals-{arguments.half}.md", page)
    print(page, end="")


if __name__ == "__main__":
    main()
