"""Good files of all kinds, small, made here."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import tifffile
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.fakes import thing_labels, thing_photo, tiny_generator
from tests.models.foreign import nvidia_look_alike, rosinality_look_alike

from partly.data.label_formats import FORMATS, write_labels
from partly.data.labels import PartSet
from partly.data.photos import encode_jpeg, write_png
from partly.inference.export import export_onnx
from partly.models.networks import AutoShotNetwork
from partly.project import PhotoOptions, create_project, new_settings

PARTS = PartSet.from_names(("background", "thing", "other"))
PHOTOS = {"a": (40, 60), "b": (48, 48)}
"""Names and sizes of the project's photos."""


@dataclass(frozen=True)
class Original:
    """A good file.

    Attributes:
        target: what is done with it, see :mod:`benchmarks.fuzzing.targets`.
        name: of the file, which decides about its format here and there.
        kind: what mutations make sense, see :func:`benchmarks.fuzzing.mutations.mutated`.
        data: its bytes.
        beside: names and bytes of what is in its folder with it.
    """

    target: str
    name: str
    kind: str
    data: bytes
    beside: tuple[tuple[str, bytes], ...] = ()


_KINDS = {".json": "json", ".xml": "xml", ".toml": "toml", ".zip": "zip", ".yaml": "text", ".txt": "text"}


def originals(folder: Path) -> list[Original]:
    """All good files, always in the same order.

    Args:
        folder: is filled with a project, and with the folders of models that mutated files are put into.
    """
    project = _project(folder)
    made = [
        *_labels(folder),
        *_photos(),
        *_archives(folder),
        *_checkpoints(folder),
        *_texts(project),
        *_requests(),
    ]
    return made


def _project(folder: Path) -> Path:
    for seed, (name, (height, width)) in enumerate(PHOTOS.items()):
        write_png(folder / "photos" / f"{name}.png", thing_photo(height, width, seed))
    project = folder / "project"
    settings = new_settings(project, photos=PhotoOptions(str(folder / "photos")), parts=",".join(PARTS.names))
    create_project(project, settings)
    return project


def _labels(folder: Path) -> Iterator[Original]:
    """Folders of each format that is written, in both styles, for each of their files."""
    maps = [(f"{name}.png", _label_map(*size)) for name, size in PHOTOS.items()]
    for name, one in FORMATS.items():
        for style in ("mask", "polygon"):
            out = folder / "labels" / f"{name}-{style}"
            out.mkdir(parents=True)
            place = out if one.one_file_each else out / f"labels{one.suffix}"
            write_labels(place, maps, PARTS, format_name=name, style=style)
            files = {path.relative_to(out).as_posix(): path.read_bytes() for path in _files_in(out)}
            for changed, data in files.items():
                kind = _KINDS.get(Path(changed).suffix, "bytes")
                beside = tuple((other, content) for other, content in files.items() if other != changed)
                yield Original("labels", changed, kind, data, beside)
    rgb = PARTS.palette[maps[0][1]]
    yield Original("labels", "a.png", "bytes", _encoded(rgb, "PNG"))


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _label_map(height: int, width: int) -> np.ndarray:
    labels = thing_labels(height, width, 1)
    labels[: height // 3, : width // 3] = 2
    labels[0, :5] = 255
    return labels


def _photos() -> Iterator[Original]:
    pixels = thing_photo(40, 56, 3)
    grey = pixels[:, :, 0]
    deep = grey.astype(np.uint16) * 257
    for name, image, form, options in (
        ("rgb.png", pixels, "PNG", {}),
        ("grey.png", grey, "PNG", {}),
        ("deep.png", deep, "PNG", {}),
        ("rgba.png", np.dstack([pixels, grey]), "PNG", {}),
        ("plain.jpg", pixels, "JPEG", {"exif": _exif()}),
        ("progressive.jpg", pixels, "JPEG", {"progressive": True}),
        ("grey.jpg", grey, "JPEG", {}),
        ("lossy.webp", pixels, "WEBP", {}),
        ("lossless.webp", pixels, "WEBP", {"lossless": True}),
        ("plain.bmp", pixels, "BMP", {}),
        ("plain.ppm", pixels, "PPM", {}),
        ("plain.jp2", pixels, "JPEG2000", {}),
        ("plain.avif", pixels, "AVIF", {}),
        ("plain.gif", grey, "GIF", {}),
    ):
        with suppress(OSError, KeyError, ValueError):
            yield Original("photos", name, "bytes", _encoded(image, form, **options))
    frames = [Image.fromarray(thing_photo(20, 24, seed)) for seed in range(3)]
    for name, form in (("moving.gif", "GIF"), ("moving.webp", "WEBP"), ("moving.png", "PNG")):
        file = io.BytesIO()
        frames[0].save(file, form, save_all=True, append_images=frames[1:])
        yield Original("photos", name, "bytes", file.getvalue())
    cmyk = io.BytesIO()
    Image.fromarray(pixels).convert("CMYK").save(cmyk, "JPEG")
    yield Original("photos", "cmyk.jpg", "bytes", cmyk.getvalue())
    for name, image, options in (
        ("plain.tif", pixels, {}),
        ("deep.tif", np.dstack([deep] * 3), {"photometric": "rgb"}),
        ("planes.tif", np.moveaxis(pixels, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        ("tiled.tif", pixels, {"tile": (16, 16), "photometric": "rgb"}),
        ("deflate.tif", pixels, {"compression": "zlib", "photometric": "rgb"}),
        ("float.tif", grey.astype(np.float32) / 255, {"photometric": "minisblack"}),
        ("pages.tif", np.stack([grey] * 3), {"photometric": "minisblack"}),
        ("white.tif", grey, {"photometric": "miniswhite"}),
        ("big.tif", pixels, {"bigtiff": True}),
    ):
        file = io.BytesIO()
        tiff_options = dict(options)
        with tifffile.TiffWriter(file, bigtiff=bool(tiff_options.pop("bigtiff", False))) as writer:
            writer.write(image, **tiff_options)
        yield Original("photos", name, "bytes", file.getvalue())
    lzw = io.BytesIO()
    Image.fromarray(pixels).save(lzw, "TIFF", compression="tiff_lzw")
    yield Original("photos", "lzw.tif", "bytes", lzw.getvalue())


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _encoded(image: np.ndarray, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, **options)
    return file.getvalue()


def _archives(folder: Path) -> Iterator[Original]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in PHOTOS:
            archive.write(folder / "photos" / f"{name}.png", f"sub/{name}.png")
        archive.writestr("notes.txt", "no photo")
        archive.writestr("ä.jpg", encode_jpeg(thing_photo(20, 20, 5)))
    yield Original("photos", "photos.zip", "zip", file.getvalue())
    yield from _tar_and_parquet()
    digits = np.random.default_rng(0).integers(0, 256, (6, 12, 10), np.uint8)
    idx = struct.pack(">HBB3I", 0, 8, 3, *digits.shape) + digits.tobytes()
    yield Original("photos", "digits-images-idx3-ubyte", "bytes", idx)
    yield Original("photos", "digits-images-idx3-ubyte.gz", "bytes", gzip.compress(idx, mtime=0))


def _tar_and_parquet() -> Iterator[Original]:
    images = {f"{n}.png": _encoded(np.full((8, 8, 3), 40 * n, np.uint8), "PNG") for n in range(4)}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in images.items():
            head = tarfile.TarInfo(name)
            head.size = len(data)
            archive.addfile(head, io.BytesIO(data))
    yield Original("photos", "photos.tar", "bytes", file.getvalue())
    columns = {"name": list(images), "image": [{"bytes": data, "path": "a"} for data in images.values()]}
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink, row_group_size=2)
    yield Original("photos", "photos.parquet", "bytes", sink.getvalue().to_pybytes())


def _checkpoints(folder: Path) -> Iterator[Original]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = AutoShotNetwork("unet-small", PARTS, 32).eval()
    network.save(folder / "network")
    export_onnx(network, folder / "network.onnx")
    generator = tiny_generator()
    generator.save(folder / "generator", {"title": "tiny"})
    yield Original("onnx", "network.onnx", "bytes", (folder / "network.onnx").read_bytes())
    for target in ("network", "generator"):
        for name, kind in (("model.json", "json"), ("model.safetensors", "bytes")):
            yield Original(target, name, kind, (folder / target / name).read_bytes())
    state = rosinality_look_alike.random_state()
    yield Original("checkpoint", "style.pt", "zip", _torch_saved({"g_ema": state}))
    yield Original("checkpoint", "old.pt", "bytes", _torch_saved({"g_ema": state}, new=False))
    with pytest.MonkeyPatch.context() as patch:
        nvidia_look_alike.fake_packages(patch)
        pickled = nvidia_look_alike.pickled(nvidia_look_alike.random_generator())
    yield Original("checkpoint", "style.pkl", "bytes", pickled)
    save_file(
        {name: tensor.contiguous() for name, tensor in state.items()},
        folder / "style.safetensors",
        {"a": "b"},
    )
    yield Original("checkpoint", "style.safetensors", "bytes", (folder / "style.safetensors").read_bytes())


def _torch_saved(value: object, *, new: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


def _texts(project: Path) -> Iterator[Original]:
    yield Original("project", "project.toml", "toml", (project / "project.toml").read_bytes())
    parts = json.dumps(PARTS.to_json(), indent=1).encode()
    yield Original("parts", "parts.json", "json", parts)
    lines = [f'[[parts]]\nname = "{part.name}"\ncolour = {list(part.colour)}' for part in PARTS.parts]
    yield Original("parts", "parts.toml", "toml", "\n".join(lines).encode())


def _requests() -> Iterator[Original]:
    photo = encode_jpeg(thing_photo(24, 32, 1))
    yield _request("segment", b"/segment", photo)
    yield _request("polygons", b"/segment?as=polygons&tolerance=0.5", photo, b"Accept: application/json")
    form = (
        b'--xx\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + photo + b"\r\n--xx--\r\n"
    )
    yield _request("form", b"/segment", form, b"Content-Type: multipart/form-data; boundary=xx")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(photo), photo)
    lines = (
        b"POST /segment?as=runs HTTP/1.1",
        b"Host: HOST",
        b"Connection: close",
        b"Transfer-Encoding: chunked",
    )
    head = b"\r\n".join((*lines, b"", b""))
    yield Original("request", "chunks.http", "http", head + chunks)
    config = (
        '<View><Image name="image" value="$image"/><BrushLabels name="tag" toName="image">'
        '<Label value="thing"/><Label value="other"/></BrushLabels></View>'
    )
    uri = "data:image/jpeg;base64," + base64.b64encode(photo).decode()
    tasks = [{"id": 1, "data": {"image": uri}}, {"id": 2, "data": {"image": "/data/upload/1/a.png"}}]
    for kind in ("Brush", "Polygon"):
        body = {"tasks": tasks, "project": "1.1", "label_config": config.replace("Brush", kind), "params": {}}
        yield _request(f"predict-{kind}", b"/predict", json.dumps(body).encode())
    setup = {"project": "1.1", "schema": config, "hostname": "http://localhost:8080", "access_token": "t"}
    yield _request("setup", b"/setup", json.dumps(setup).encode())
    yield _request("webhook", b"/webhook", b'{"action": "ANNOTATION_CREATED"}')


def _request(name: str, path: bytes, body: bytes, *more: bytes) -> Original:
    head = [
        b"POST %s HTTP/1.1" % path,
        b"Host: HOST",
        b"Connection: close",
        *more,
        b"Content-Length: %d" % len(body),
    ]
    return Original("request", f"{name}.http", "http", b"\r\n".join([*head, b"", body]))
