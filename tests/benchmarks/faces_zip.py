"""A zip as that of the labelled faces, and a project of faces, both of noise."""

import io
import zipfile

import numpy as np
from PIL import Image

from partly.data.labels import FACE_PARTS, Annotation, save_annotation
from partly.models.generators import sample_w
from partly.project.fit_verb import fit_project


def as_file(pixels, suffix):
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, suffix)
    return held.getvalue()


def write_faces(file, n):
    draws = np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as written:
        for i in range(n):
            written.writestr(
                f"images/{i}.jpg", as_file(draws.integers(0, 256, (48, 48, 3), np.uint8), "JPEG")
            )
            written.writestr(f"labels/{i}.png", as_file(draws.integers(0, 19, (48, 48), np.uint8), "PNG"))


def project_of_faces(make_project, generator):
    """With one label, fitted."""
    project = make_project(part_set=FACE_PARTS)
    w = sample_w(generator, 7, 0)[0].numpy().copy()
    labels = np.arange(64)[:, None] // 7 + np.zeros((64, 64), int)
    save_annotation(
        project.annotations, Annotation("p", labels.astype(np.uint8), w, generator.digest), FACE_PARTS
    )
    fit_project(project)
    return project
