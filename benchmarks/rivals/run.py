"""One measurement, in this process: started by ``python -m benchmarks.rivals``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.rivals.catalogue import rival
from benchmarks.rivals.material import photos
from benchmarks.rivals.pictures import prepare, task_of
from benchmarks.rivals.protocol import SEED, measure, result_file
from partly.storage import write_json


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name", help="a rival, or 'prepare', which makes the pictures")
    options.add_argument("label_set", nargs="?")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--half", choices=("choices", "figure"), default="choices")
    options.add_argument("--out", type=Path, required=True)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    if arguments.name == "prepare":
        prepare(arguments.out)
        return
    name, label_set, half = arguments.name, arguments.label_set, arguments.half
    task = task_of(label_set, arguments.data, arguments.out)
    found = measure(rival(name), task, photos(arguments.data, half))
    result = {"rival": name, "label_set": label_set, "half": half, **found}
    write_json(result_file(arguments.out, name, label_set, half), result)
    figures = f"pooled {100 * found['pooled']:.1f}, per photo {100 * found['per_photo']:.1f}"
    times = f"fit {found['fit']['cpu_s']:.0f} s, photo {found['photo']['cpu_s']:.2f} s of the processor"
    memory = f"{found['peak_memory_mib']:.0f} MiB"
    print(
        f"{name}, {label_set}, {half}, {found['n_photos']} photos: {figures}; {times}; {memory}", flush=True
    )


if __name__ == "__main__":
    main()
