"""Networks written as files for the engines; a network is written once, and found again by its digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from partly.data.photos import PhotoSource
from partly.errors import BadModelFile, BadOption
from partly.inference.engines.engine_network import EngineFile
from partly.inference.engines.engine_options import EngineOptions
from partly.inference.engines.whole_numbers import int8_file
from partly.inference.export import export_onnx, read_onnx_facts
from partly.inference.segment import EncoderNetwork, GeneratorNetwork
from partly.machine import PROCESSOR, Machine, MachineOptions, SpreadOptions, machine_of_workers
from partly.models.networks import AutoShotNetwork
from partly.storage import cache_folder, sha256_of, write_bytes


def engine_file(
    network: AutoShotNetwork | EncoderNetwork | GeneratorNetwork,
    options: EngineOptions,
    photos: Callable[[], Sequence[PhotoSource]],
    folder: Path,
    on_note: Callable[[str], None] = lambda _: None,
) -> EngineFile | None:
    """The network as the chosen engine reads it; None: torch computes it as it is.

    Args:
        network: stays as it is.
        options: which engine.
        photos: gives those that will be segmented; int8 is calibrated on some of them.
        folder: of the results; the engine's file is kept in it, so that the same call goes on with it.
        on_note: told how much int8 changes the masks.

    Raises:
        NotAvailable: a package that this needs is not installed.
        BadOption: it is a network with an encoder inside, whose file would read photos of one size only, or
            one that searches a generator, which needs slopes.
        BadPhoto: no photo can be read to calibrate on.
    """
    if options.engine == "torch":
        return None
    if isinstance(network, EncoderNetwork):
        raise BadOption(
            f"--engine {options.engine} for a network with an encoder of photos inside",
            expected="the auto-shot network, or --engine torch",
            remedy="Leave --engine out, or segment with the network: --with network",
        )
    if isinstance(network, GeneratorNetwork):
        raise BadOption(
            f"--engine {options.engine} with --through-generator",
            expected="--engine torch: a search needs slopes",
            remedy="Leave --engine out",
        )
    # Beside the results, where workers of other machines find it too.
    digest = network.digest
    path = folder / ".partly" / f"network-{digest[:16]}.onnx"
    _write_if_other(path, _exported(network, digest))
    if options.engine == "int8":
        return int8_file(path, photos, folder, on_note)
    return EngineFile(options.engine, path, f"{digest}+{options.engine}", sha256_of(path))


def _write_if_other(path: Path, exported: Path) -> None:
    if not path.is_file() or sha256_of(path) != sha256_of(exported):
        write_bytes(path, exported.read_bytes())


def machine_for(engine: EngineOptions, options: MachineOptions, spread: SpreadOptions) -> Machine:
    """Where a network is computed: torch knows GPUs, the other engines the processor.

    Raises:
        BadOption: the device is not there or cannot compute so, or another engine, or workers of Ray, shall
            use a GPU.
    """
    if engine.engine == "torch":
        return machine_of_workers(options, spread)
    if (options.device, options.precision) in (("auto", "auto"), ("cpu", "auto")):
        return PROCESSOR
    raise BadOption(
        f"--engine {engine.engine} with --device {options.device} --precision {options.precision}",
        expected="torch for any device and precision; the other engines use the processor as it is",
        remedy="Leave --engine out, or --device and --precision",
    )


def _exported(network: AutoShotNetwork, digest: str) -> Path:
    path = cache_folder() / "engines" / f"{digest[:32]}.onnx"
    try:
        if read_onnx_facts(path)["digest"] == digest:
            return path
    except BadModelFile:
        pass
    export_onnx(network, path)
    return path
