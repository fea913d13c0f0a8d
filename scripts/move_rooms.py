"""Moves every file of the package into the rooms of the house, and rewrites all imports.

Run it once, from the root of a clean checkout: ``python scripts/move_rooms.py``. It reads the tree as it finds it, so
that a branch made before the move can be moved by the same command and then merged. Three things are done:

1. files of ``src/partly`` go where ``MOVES`` and ``FOLDERS`` say; several that go to one place are joined into one file;
2. ``from partly.x.y import Name`` becomes an import from the file that defines ``Name`` within a room, and from the
   room's package elsewhere; tests import from files; dotted names and paths in texts follow;
3. each package gets an ``__init__.pyi`` of what other rooms import of it, and an ``__init__.py`` that imports it lazily.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path.cwd()
SRC = ROOT / "src"

FOLDERS = """
annotations data/labels
annotations/formats data/label_formats
imagery data/photos
portraits data/portraits
assessment evaluation/generators
autoshot models/networks
cli cli
demo project/demo
discriminators models/discriminators
distillation synthesis/distil
downloads models/zoo
evaluate evaluation/segmentation
export inference/export
feature_networks models/encoders
generator_training training/recipes
generators models/generators
generators/foreign models/foreign
generators/stylegan2 models/generators/stylegan2
labelling studio/session
live studio/live
metrics evaluation/metrics
objectives losses
predict inference/segment
project project
proposals fewshot/acquisition
report evaluation/report
representations models/encoders
segmenters fewshot/segmenters
studio studio/http
studio/http studio/http
studio/live studio/live
studio/session studio/session
studio/routes studio/http
synthesis synthesis/shards
training training/chassis
training/augmentation augment/segmentation
training/gan training/adversarial
training/gan/augmentation augment/adversarial
training/vae training/variational
training/few_shot fewshot/fitting
fewshot fewshot
fewshot/features fewshot/features
recipes training/recipes
training/recipes training/recipes
"""

MOVES = """
annotations/wording errors
errors errors
api api
files storage/files
locks storage/locks
artefacts storage/model_folders
provenance storage/provenance
streams storage/streams
options storage/option_fields
large_tensors storage/large_tensors
memory storage/large_tensors
annotations/growing_files storage/growing_files
project/runs storage/runs
families models/model_families
pyramid models/feature_pyramid

annotations/identifiers data/labels/annotation
annotations/latents data/labels/annotation
annotations/annotation data/labels/annotation
annotations/colours data/labels/part_colours
annotations/shipped data/labels/shipped_labels
annotations/png data/labels/label_bytes
annotations/label_files data/labels/label_bytes
annotations/formats/catalogue data/label_formats/label_formats
annotations/formats/checks data/label_formats/format_checks
annotations/formats/painting data/label_formats/shape_painting
annotations/formats/shapes data/label_formats/polygons
annotations/formats/json_files data/label_formats/json_labels
imagery/source data/photos/photo_location
imagery/sources data/photos/photo_sources
imagery/photos data/photos/photo
imagery/idx data/photos/idx_files
imagery/encoding data/photos/encoding
imagery/squares data/photos/photo_sets
imagery/photo_sets data/photos/photo_sets
imagery/modes data/photos/colour_modes
imagery/grids data/photos/picture_grids
imagery/overlays data/photos/overlays
portraits/draws data/portraits/portrait_randomness
portraits/frame data/portraits/face_geometry
portraits/light data/portraits/lighting
portraits/person data/portraits/sitter
portraits/shapes data/portraits/outline_shapes
portraits/sets data/portraits/portrait_sets

assessment/evaluation evaluation/generators/generator_assessment
assessment/figures evaluation/generators/feature_rows
assessment/features evaluation/generators/feature_rows
assessment/pictures evaluation/generators/picture_bytes
metrics/evaluation evaluation/metrics/evaluation_scores
metrics/features evaluation/metrics/feature_sets
metrics/generator_evaluation evaluation/metrics/generator_scores
metrics/generator_figures evaluation/metrics/generator_figures
metrics/copies evaluation/metrics/memorised_photos
metrics/gaps evaluation/metrics/uncovered_photos
metrics/iou data/labels/intersection_over_union
evaluate/folders evaluation/segmentation/label_folders
evaluate/matching evaluation/segmentation/truth_matching
evaluate/scoring evaluation/segmentation/photo_scoring
evaluate/truth evaluation/segmentation/truth_files
report/terminal evaluation/report/evaluation_report
report/evaluation evaluation/report/evaluation_report
report/generator evaluation/report/generator_report
report/figures evaluation/report/page_parts
report/ribbon evaluation/report/page_parts
report/section evaluation/report/section
report/pages evaluation/report/html_pages
report/images evaluation/report/picture_panels
report/panels evaluation/report/picture_panels
report/tables evaluation/report/html_tables
report/rendering evaluation/report/templates_rendering

generators/catalogue models/generators/generator_table
generators/families models/generators/generator_base
generators/protocol models/generators/generator_protocol
generators/dcgan models/generators/dcgan_generator
generators/light models/generators/light_generator
generators/mlp models/generators/mlp_generator
generators/vae models/generators/vae_decoder
generators/doubling models/generators/doubling
generators/pixels models/generators/picture_pixels
generators/sampling models/generators/latent_sampling
generators/stylegan2/generator models/generators/stylegan2/stylegan2_generator
generators/stylegan2/layers models/generators/stylegan2/modulated_layers
generators/stylegan2/fir models/generators/stylegan2/fir_resampling
generators/stylegan2/shape models/generators/stylegan2/stylegan2_shape
generators/openvino_ir models/foreign/openvino_ir
generators/random_face models/foreign/random_face
generators/foreign/catalogue models/foreign/checkpoint_formats
generators/foreign/nvidia models/foreign/nvidia_stylegan2
generators/foreign/rosinality models/foreign/rosinality_stylegan2
generators/foreign/native models/foreign/native_stylegan2
discriminators/checks models/discriminators/discriminator_layers
discriminators/statistics models/discriminators/discriminator_layers
discriminators/dcgan models/discriminators/dcgan_discriminator
discriminators/light models/discriminators/light_discriminator
discriminators/mlp models/discriminators/mlp_discriminator
discriminators/stylegan2 models/discriminators/stylegan2_discriminator
representations/catalogue models/encoders/encoder_table
representations/families models/encoders/photo_encoder
representations/protocol models/encoders/photo_encoder
representations/vae models/encoders/vae_encoder
feature_networks/built_in models/encoders/built_in_features
feature_networks/inception models/encoders/inception_network
feature_networks/protocol models/encoders/feature_network
autoshot/unet models/networks/architectures
autoshot/catalogue models/networks/architectures
autoshot/encoder_unet models/networks/encoder_unet
autoshot/encoders models/networks/efficientnet_encoder
autoshot/layers models/networks/conv_layers
autoshot/network models/networks/auto_shot_network
downloads/catalogue models/zoo/downloads
downloads/checkpoints models/zoo/checkpoint_import
downloads/models models/zoo/installed_models
downloads/packages models/zoo/wheel_files
downloads/inception models/zoo/inception_weights
downloads/ffhq models/zoo/ffhq_weights
downloads/efficientnet_lite0 models/zoo/efficientnet_weights
downloads/feature_networks models/zoo/installed_feature_networks
downloads/torchscript models/zoo/torchscript_files

objectives/adversarial losses/adversarial_losses
objectives/penalties losses/slope_penalties
objectives/variational losses/evidence_lower_bound
objectives/distillation losses/label_losses
objectives/rounds losses/rounds

training/augmentation/recipe augment/segmentation/augmentation
training/augmentation/draws augment/segmentation/picture_randomness
training/augmentation/occlusion augment/segmentation/backdrop_and_occlusion
training/augmentation/backdrop augment/segmentation/backdrop_and_occlusion
training/augmentation/colour augment/segmentation/colour_jitter
training/augmentation/parts augment/segmentation/part_colours_changed
training/augmentation/degradation augment/segmentation/camera_degradation
training/augmentation/geometry augment/segmentation/affine_geometry
training/augmentation/jpeg augment/segmentation/jpeg_blocks
training/gan/augmentation/chance augment/adversarial/colour_matrices
training/gan/augmentation/colour augment/adversarial/colour_matrices
training/gan/augmentation/geometric augment/adversarial/geometric
training/agreement training/segmentation/teacher_agreement
training/auto_shot training/segmentation/auto_shot_training
training/schedule training/segmentation/auto_shot_config
training/auto_shot_config training/segmentation/auto_shot_config
training/batches training/segmentation/augmented_batches
training/tensors training/segmentation/labelled_pictures
training/data training/segmentation/labelled_pictures
training/panels training/segmentation/sample_panels
training/state training/chassis/training_state
training/resumption training/segmentation/auto_shot_state
training/checkpoints training/chassis/checkpoints
training/progress training/chassis/step_log
training/clock training/chassis/clock
training/ema training/chassis/averaged_weights
training/gan/config training/adversarial/gan_config
training/gan/draws training/adversarial/gan_batches
training/gan/loop training/adversarial/gan_loop
training/gan/norms training/adversarial/batch_norms
training/gan/report training/adversarial/gan_report
training/gan/state training/adversarial/gan_state
training/vae/report training/variational/vae_config
training/vae/config training/variational/vae_config
training/vae/loop training/variational/vae_loop
training/few_shot/fit fewshot/fitting/fit_few_shot_segmenter
training/few_shot/gradient fewshot/fitting/gradient_fit
training/few_shot/layout fewshot/fitting/spatial_prior
training/few_shot/pictures fewshot/fitting/picture_features
training/few_shot/refit fewshot/fitting/ridge_refit
training/few_shot/ridge fewshot/fitting/ridge_fit
training/few_shot/rows fewshot/fitting/ridge_rows
training/few_shot/targets fewshot/fitting/cell_targets
segmenters/base fewshot/segmenters/segmenter_base
segmenters/catalogue fewshot/segmenters/segmenter_folders
segmenters/cnn fewshot/segmenters/cnn_segmenter
segmenters/ensemble fewshot/segmenters/ensemble_segmenter
segmenters/kernel fewshot/segmenters/kernel_segmenter
segmenters/mlp fewshot/segmenters/mlp_segmenter
segmenters/ridge fewshot/segmenters/ridge_segmenter
segmenters/coordinates fewshot/segmenters/pixel_coordinates
segmenters/uncertainty fewshot/segmenters/picture_uncertainty
segmenters/standardise fewshot/segmenters/standardiser
proposals/proposal fewshot/acquisition/promising_pictures
proposals/medoids fewshot/acquisition/promising_pictures
proposals/promising fewshot/acquisition/promising_pictures
proposals/representative fewshot/acquisition/representative_pictures
proposals/unsure fewshot/acquisition/unsure_pictures

generator_training/run project/trainings/generator_training
generator_training/folder project/trainings/training_folder
generator_training/measures project/trainings/training_measures
generator_training/page project/trainings/training_page
generator_training/samples project/trainings/training_samples
generator_training/board project/trainings/tensorboard_curves
generator_training/courses training/recipes/courses
generator_training/presets training/recipes/recipe_presets
generator_training/objectives training/recipes/objective_table
generator_training/choices training/recipes/training_choices
generator_training/starts training/recipes/first_weights

synthesis/config synthesis/shards/synthesis_config
synthesis/claims synthesis/shards/shard_claims
synthesis/labelled synthesis/shards/labelled_shards
synthesis/plan synthesis/shards/shard_plan
synthesis/samples synthesis/shards/shard_samples
synthesis/shards synthesis/shards/tar_shards
synthesis/stream synthesis/shards/labelled_synthesis
synthesis/workers synthesis/shards/shard_workers
synthesis/relabelled synthesis/shards/relabelled_shards
distillation/reports synthesis/distil/distil_config
distillation/config synthesis/distil/distil_config
distillation/distil synthesis/distil/distillation
distillation/painted synthesis/distil/painted_pictures
distillation/second_round synthesis/distil/second_round

predict/areas inference/segment/part_areas
predict/folder inference/segment/segment_folder
predict/guided_filter inference/segment/boundary_refinement
predict/refinement inference/segment/boundary_refinement
predict/photo inference/segment/segment_photo_file
predict/summary inference/segment/segment_records
predict/records inference/segment/segment_records
predict/segmentation inference/segment/segmentation
export/packages inference/export/onnx_file
export/onnx_file inference/export/onnx_file
export/facts inference/export/network_facts
export/metadata inference/export/onnx_metadata
export/translation inference/export/onnx_translation
export/trials inference/export/export_trials

project/project project/project_folder
project/settings project/project_settings
project/state project/project_state
project/page project/project_page
project/digests project/model_digests
project/description project/project_description
project/distil project/distil_verb
project/fit project/fit_verb
project/evaluation project/evaluate_verb
project/generator_evaluation project/evaluate_generator_verb
project/export project/export_verb
project/network_file project/export_verb
project/networks project/chosen_network
project/labels project/label_import
project/part_files project/part_set_files
project/pictures project/proposed_pictures
demo/times project/demo/whole_demo
demo/demo project/demo/whole_demo
demo/page project/demo/demo_page
demo/subjects project/demo/demo_subjects

studio/live/superpixels studio/live/slic_superpixels
studio/session/open_or_create studio/session/project_opening

cli/demo cli/demo_command
cli/distil cli/distil_command
cli/evaluate cli/evaluate_command
cli/evaluate_generator cli/evaluate_generator_command
cli/export cli/export_command
cli/fit cli/fit_command
cli/get cli/get_command
cli/info cli/info_command
cli/label cli/label_command
cli/main cli/command_line
cli/new cli/new_command
cli/output cli/terminal_output
cli/pictures cli/pictures_command
cli/progress cli/terminal_progress
cli/report cli/report_command
cli/segment cli/segment_command
cli/train cli/train_command
"""

TESTS = """
annotations data/labels
annotations/formats data/label_formats
imagery data/photos
portraits data/portraits
generators models/generators
generators/foreign models/foreign
generators/stylegan2 models/generators/stylegan2
discriminators models/discriminators
representations models/encoders
feature_networks models/feature_networks
autoshot models/networks
downloads models/zoo
objectives losses
segmenters fewshot/segmenters
training/few_shot fewshot/fitting
training/gan training/adversarial
training/gan/augmentation augment/adversarial
training/vae training/variational
distillation synthesis/distil
predict inference/segment
export inference/export
metrics evaluation/metrics
evaluate evaluation/segmentation
assessment evaluation/generators
report evaluation/report
demo project/demo
generator_training project/trainings
core storage
labelling studio/session
live studio/live
"""

ROOMS = {
    "data": "Photos, frames and drawn portraits; labels on them, and the formats labels come in. No torch.",
    "models": "Networks and their families: generators, discriminators, encoders, networks for photos.",
    "losses": "What is minimised: pure functions and small frozen dataclasses.",
    "augment": "Random changes of pictures, and of their labels where they move.",
    "training": "Every loop that takes steps, and the sitting that they share.",
    "fewshot": "A few labels to a segmenter: features, segmenters, fitting, and which pictures to label next.",
    "synthesis": "Pictures with labels by the thousand, and the networks that learn from them.",
    "inference": "Networks at work on photos, and in other programs.",
    "evaluation": "How good it is: measures, label maps against truth, generators against photos, pages.",
    "project": "One project on disk: its folder, its settings, its state, and one function for each verb.",
    "studio": "Paint, and watch the others follow: the page's server, the session, the live segmenter.",
    "cli": "The command line: parse, call, print.",
    "storage": "Atomic files, locks, model folders, what results depend on, and streams of random numbers.",
    "data/labels": "Part sets, label maps, annotations, and the strokes that made them; without torch.",
    "data/label_formats": "Label files of other programs: LabelMe, COCO, CVAT, PNG.",
    "data/photos": "Photos, folders and zips in; pictures, overlays and grids out. NumPy and Pillow only.",
    "data/portraits": "Drawn photos of people with their exact truth.",
    "models/generators": "Generators: latents to pictures and features.",
    "models/generators/stylegan2": "StyleGAN2 in plain convolutions.",
    "models/foreign": "Weights of other programs' generators, read without running their code.",
    "models/discriminators": "Discriminators: pictures to judgements.",
    "models/encoders": "Networks that read photos: feature pyramids, or one row of numbers for each.",
    "models/networks": "Auto-shot networks: photos to logits.",
    "models/zoo": "Models by name: what can be fetched, what is on this machine.",
    "augment/segmentation": "Augmentation of labelled pictures: one random change, picture and label.",
    "augment/adversarial": "Augmentation of all that a discriminator sees.",
    "training/chassis": "What all trainings share: a sitting with checkpoints, log, clock, Ctrl-C, ranks.",
    "training/adversarial": "Generators trained against discriminators.",
    "training/variational": "Variational autoencoders.",
    "training/segmentation": "The auto-shot network trained on labelled pictures.",
    "training/recipes": "Families of generators with what they are trained with.",
    "fewshot/features": "Where the features of an annotated picture or photo come from.",
    "fewshot/segmenters": "Few-shot segmenters: feature pyramid to logits.",
    "fewshot/fitting": "Annotations to a fitted segmenter.",
    "fewshot/acquisition": "Which picture to label next.",
    "synthesis/shards": "Labelled pictures in tar shards, made once and resumable.",
    "synthesis/distil": "From a teacher to an auto-shot network: synthesis, then training.",
    "inference/segment": "Photos and folders of them to label maps.",
    "inference/export": "The auto-shot network as one ONNX file.",
    "evaluation/metrics": "How well label maps agree, and how well pictures do as photos; numpy only.",
    "evaluation/segmentation": "Label maps or a network against truth.",
    "evaluation/generators": "A generator against photos.",
    "evaluation/report": "Self-contained HTML pages, and tables for the terminal.",
    "project/demo": "The whole job once, with a page.",
    "project/trainings": "One training of a generator on disk: photos in, a model folder out.",
    "studio/http": "HTTP over a session, and the page; no logic.",
    "studio/session": "One project that is open in the studio, without HTTP.",
    "studio/live": "The segmenter that follows the brush.",
}

INIT = '''"""{doc}

What other rooms use of it is named in the stub beside this file, and imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
'''


def pairs(text: str) -> dict[str, str]:
    """Old to new, as the tables say."""
    return dict(line.split() for line in text.strip().splitlines() if line.strip())


def dotted(path: Path, base: Path) -> str:
    parts = list(path.relative_to(base).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Tree:
    """All modules as they are before the move: what each defines, and what each imports under which name."""

    def __init__(self, bases: dict[str, Path]) -> None:
        self.defined: dict[str, set[str]] = {}
        self.imported: dict[str, dict[str, tuple[str, str]]] = {}
        self.files: dict[str, Path] = {}
        for root, base in bases.items():
            for path in sorted((base / root).rglob("*.py")):
                if "node_modules" in path.parts:
                    continue
                name = dotted(path, base)
                self.files[name] = path
                self._read(name, path)

    def _read(self, name: str, path: Path) -> None:
        defined, imported = set(), {}
        todo = list(ast.parse(path.read_text(encoding="utf-8")).body)
        while todo:
            node = todo.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    defined |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
            elif isinstance(node, ast.TypeAlias) if hasattr(ast, "TypeAlias") else False:
                defined.add(node.name.id)
            elif isinstance(node, ast.ImportFrom) and node.module:
                module = absolute(node, name, path)
                for alias in node.names:
                    imported[alias.asname or alias.name] = (module, alias.name)
            elif isinstance(node, ast.If | ast.Try):
                todo += [*node.body, *node.orelse, *getattr(node, "finalbody", [])]
                for handler in getattr(node, "handlers", []):
                    todo += handler.body
        self.defined[name], self.imported[name] = defined, imported

    def resolve(self, module: str, name: str) -> tuple[str, str | None]:
        """The module that defines a name, and the name; the module itself and None where it is a module."""
        if module in self.defined and name in self.defined[module]:
            return module, name
        if module in self.imported and name in self.imported[module]:
            other, original = self.imported[module][name]
            if other in self.defined:
                return self.resolve(other, original)
        if f"{module}.{name}" in self.defined:
            return f"{module}.{name}", None
        return module, name


def absolute(node: ast.ImportFrom, module: str, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def new_names(tree: Tree) -> dict[str, str]:
    """Old module to new module, for all of them."""
    folders, moves, tests = pairs(FOLDERS), pairs(MOVES), pairs(TESTS)
    found: dict[str, str] = {}
    for old, path in tree.files.items():
        top, _, rest = old.partition(".")
        rest = rest.replace(".", "/")
        is_package = path.name == "__init__.py"
        folder, _, stem = rest.rpartition("/")
        if top == "partly" and (rest == "experiments" or rest.startswith("experiments/")):
            found[old] = rest.replace("/", ".")
        elif top == "partly" and rest == "cli/experiment":
            found[old] = "experiments.command"
        elif top == "partly":
            if is_package:
                new = folders.get(rest, rest)
            elif rest in moves:
                new = moves[rest]
            elif folder:
                new = f"{folders.get(folder, folder)}/{stem}"
            else:
                new = f"storage/{stem}"
            found[old] = f"partly/{new}".rstrip("/").replace("/", ".")
        elif top == "tests":
            if is_package:
                new = tests.get(rest, rest)
            else:
                new = f"{tests.get(folder, folder)}/{stem}".lstrip("/")
            found[old] = f"tests/{new}".rstrip("/").replace("/", ".")
        else:
            found[old] = old
    return found


def room_of(module: str) -> str:
    """The room at the top that a module lies in; tests, benchmarks and experiments are rooms of their own."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "partly" else parts[0]


class Mover:
    """The move, planned over the whole tree."""

    def __init__(self) -> None:
        self.bases = {"partly": SRC, "tests": ROOT, "benchmarks": ROOT}
        self.tree = Tree(self.bases)
        self.new = new_names(self.tree)
        self.by_room = False
        self.packages = {n for n, p in self.tree.files.items() if p.name == "__init__.py"}
        self.exports: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        keys = sorted(self.new, key=len, reverse=True)
        self.dotted = re.compile(
            r"\b(?:" + "|".join(re.escape(k) for k in keys if "." in k) + r")(?=$|[^\w/])(?:\.\w+)*"
        )

    def target(self, old: str, name: str, here: str) -> str:
        """The module to import a name of an old module from."""
        new = self.new[old]
        if not new.startswith("partly.") or new.count(".") == 1:
            return new
        if room_of(new) == room_of(here) or here.startswith("tests") or name.startswith("_"):
            return new
        package = new.rsplit(".", 1)[0]
        self.exports[package][new.rsplit(".", 1)[1]].add(name)
        return package

    def import_text(self, node: ast.ImportFrom, old_here: str, path: Path, here: str) -> str | None:
        module = absolute(node, old_here, path)
        if module.split(".")[0] not in ("partly", "tests", "benchmarks"):
            return None
        indent = " " * node.col_offset
        grouped: dict[str, list[str]] = defaultdict(list)
        lines = []
        for alias in node.names:
            home, name = self.tree.resolve(module, alias.name)
            if home not in self.new:
                grouped[module].append(alias.name + (f" as {alias.asname}" if alias.asname else ""))
                continue
            if name is None:
                new = self.new[home]
                package, _, stem = new.rpartition(".")
                known = alias.asname or alias.name
                grouped[package].append(stem if stem == known else f"{stem} as {known}")
                continue
            known = alias.asname or alias.name
            to = self.target(home, name, here)
            if to == here:
                if known != name:
                    lines.append(f"{known} = {name}")
                continue
            grouped[to].append(name if name == known else f"{name} as {known}")
        for to, names in grouped.items():
            lines.append(f"from {to} import {', '.join(names)}")
        return ("\n" + indent).join(lines) if lines else ("pass" if indent else "")

    def rewrite(self, text: str, old_here: str, path: Path, here: str) -> str:
        """A file's text with all its imports and dotted names moved."""
        self.by_room = here.startswith("partly")
        lines = text.splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        spans = []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                new = self.import_text(node, old_here, path, here)
                if new is None:
                    continue
                # Columns count bytes of UTF-8.
                start = starts[node.lineno - 1] + node.col_offset
                end_line = lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode()
                spans.append((start, starts[node.end_lineno - 1] + len(end_line), new))
        out, at = [], 0
        for start, end, new in sorted(spans):
            out += [self.texts(text[at:start]), new]
            at = end
        out.append(self.texts(text[at:]))
        return "".join(out)

    def texts(self, text: str) -> str:
        """Dotted names and paths in anything that is no import."""

        def named(match: re.Match[str]) -> str:
            chain = match[0].split(".")
            for n in range(len(chain), 0, -1):
                old = ".".join(chain[:n])
                if old in self.new:
                    rest = chain[n:]
                    if rest:
                        home, name = self.tree.resolve(old, rest[0])
                        if home in self.new and name is not None:
                            if self.by_room and not name.startswith("_") and name in self.tree.defined[home]:
                                return ".".join([self.target(home, name, "elsewhere"), *rest])
                            return ".".join([self.new[home], *rest])
                    return ".".join([self.new[old], *rest])
            return match[0]

        text = self.dotted.sub(named, text)
        return self.paths(text)

    def paths(self, text: str) -> str:
        def of_path(match: re.Match[str]) -> str:
            base, rest = match[1], match[2]
            top = "partly" if base.startswith("src") else base.rstrip("/")
            old = f"{top}/{rest}".rstrip("/").removesuffix(".py").replace("/", ".")
            if old not in self.new:
                return match[0]
            new = self.new[old].replace(".", "/")
            new = f"src/{new}" if new.startswith("partly") else new
            return new + (".py" if rest.endswith(".py") else "/" if match[0].endswith("/") else "")

        return re.sub(r"\b(src/partly/|tests/|benchmarks/)([\w/]+(?:\.py)?)", of_path, text)


def split_module(text: str) -> tuple[str, str, str]:
    """Docstring, imports (with TYPE_CHECKING blocks) and body of a module's text."""
    lines = text.splitlines(keepends=True)
    doc, imports, taken = "", [], set()
    for i, node in enumerate(ast.parse(text).body):
        span = range(node.lineno - 1, node.end_lineno or node.lineno)
        is_doc = i == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if is_doc:
            doc = "".join(lines[n] for n in span)
        elif isinstance(node, ast.Import | ast.ImportFrom) or is_typing:
            if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                imports.append("".join(lines[n] for n in span))
        else:
            continue
        taken |= set(span)
    body = "".join(line for n, line in enumerate(lines) if n not in taken)
    return doc, "".join(imports), body.strip("\n") + "\n"


def definitions(text: str) -> dict[str, str]:
    """Top-level names of a module, each with the text that defines it."""
    found = {}
    for node in ast.parse(text).body:
        source = ast.unparse(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = source
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found |= {n.id: source for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def clashes(texts: list[str]) -> list[str]:
    """Names that two modules define differently."""
    seen: dict[str, str] = {}
    found = []
    for text in texts:
        for name, source in definitions(text).items():
            if name != "__all__" and seen.setdefault(name, source) != source:
                found.append(name)
    return found


def without_repeated(texts: list[str]) -> list[str]:
    """The modules without ``__all__`` and without what an earlier one defines in the same words."""
    seen: set[str] = set()
    result = []
    for text in texts:
        lines = text.splitlines(keepends=True)
        for node in ast.parse(text).body:
            source = ast.unparse(node)
            repeated = source in seen or source.startswith("__all__")
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.FunctionDef) and repeated:
                for n in range(node.lineno - 1, node.end_lineno or node.lineno):
                    lines[n] = ""
            seen.add(source)
        result.append("".join(lines))
    return result


def joined(texts: list[str]) -> str:
    """Several modules as one, under the docstring of the last, which is the one that gives its name."""
    parts = [split_module(text) for text in without_repeated(texts)]
    doc = parts[-1][0]
    imports = "".join(part[1] for part in parts)
    body = "\n\n".join(part[2] for part in parts if part[2].strip())
    return f"{doc}\nfrom __future__ import annotations\n\n{imports}\n\n{body}"


def main() -> None:
    """Move all."""
    mover = Mover()
    by_new: dict[str, list[str]] = defaultdict(list)
    order = [f"partly.{old}".replace("/", ".") for old in pairs(MOVES)]
    for old in sorted(mover.new, key=lambda o: (order.index(o) if o in order else -1, o)):
        if old in mover.packages:
            continue
        by_new[mover.new[old]].append(old)
    written: dict[Path, str] = {}
    for new, olds in by_new.items():
        texts = [
            mover.rewrite(mover.tree.files[old].read_text(encoding="utf-8"), old, mover.tree.files[old], new)
            for old in olds
        ]
        base = SRC if new.startswith("partly") else ROOT
        if clash := clashes(texts):
            sys.exit(f"{new}: {olds} define the same names {clash}")
        written[base / (new.replace(".", "/") + ".py")] = texts[0] if len(texts) == 1 else joined(texts)
    inits: dict[Path, str] = {}
    for old in mover.packages:
        path = mover.tree.files[old]
        new = mover.new[old]
        if not new.startswith("partly."):
            base = SRC if new.startswith("partly") else ROOT
            inits[base / new.replace(".", "/") / "__init__.py"] = mover.rewrite(
                path.read_text(encoding="utf-8"), old, path, new
            )
    for path in [*mover.tree.files.values()]:
        path.unlink()
    # What is no Python goes with its folder.
    resources = {
        "src/partly/shipped": "src/partly/data/shipped",
        "src/partly/report/templates": "src/partly/evaluation/report/templates",
        "src/partly/studio/static": "src/partly/studio/http/static",
    }
    for source, to in resources.items():
        if (ROOT / source).exists() and not (ROOT / to).exists():
            (ROOT / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(ROOT / source, ROOT / to)
    for path in list((ROOT / "tests").rglob("*")):
        # Data files of tests go with theirs.
        if path.is_file() and path.suffix not in (".py", ".pyc") and "made_before" not in path.parts:
            folder = str(path.parent.relative_to(ROOT / "tests"))
            if folder in pairs(TESTS):
                to = ROOT / "tests" / pairs(TESTS)[folder] / path.name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, to)
    for path, text in {**inits, **written}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (ROOT / "tests").rglob("*.py"):
        for folder in path.relative_to(ROOT / "tests").parents:
            init = ROOT / "tests" / folder / "__init__.py"
            if not init.exists():
                init.write_text("")
    for path in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "scripts").glob("*.py")]:
        if path.name == Path(__file__).name or "adr" in path.parts[-2:-1]:
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            path.write_text(mover.rewrite(text, f"scripts.{path.stem}", path, f"scripts.{path.stem}"))
        else:
            path.write_text(mover.texts(text), encoding="utf-8")
    mend_texts()
    write_rooms(mover)
    for cache in sorted(SRC.rglob("__pycache__")) + sorted((ROOT / "tests").rglob("__pycache__")):
        shutil.rmtree(cache, ignore_errors=True)
    for folder in sorted((p for p in (ROOT / "src").rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for folder in sorted((p for p in (ROOT / "tests").rglob("*") if p.is_dir()), reverse=True):
        if [p.name for p in folder.iterdir()] in ([], ["__init__.py"]):
            shutil.rmtree(folder)
    ruff = shutil.which("ruff") or str(Path(sys.executable).parent / "ruff")
    for command in (["check", "--fix", "-q", "--select", "I,F401,F811,UP"], ["format", "-q"]):
        subprocess.run([ruff, *command, "src", "tests", "benchmarks", "experiments", "scripts"], check=False)


EVERYWHERE = {
    "src/partly/shipped": "src/partly/data/shipped",
    "src/partly/studio/static": "src/partly/studio/http/static",
    "partly experiment ": "python -m experiments ",
    "`partly experiment`": "`python -m experiments`",
    "$(BIN)/partly experiment": "$(BIN)/python -m experiments",
}
"""Paths and commands in all texts, tests and settings among them."""

IN_FILES = {
    "src/partly/models/zoo/downloads.py": {'files("partly") / "shipped"': 'files("partly.data") / "shipped"'},
    "src/partly/models/zoo/ffhq_weights.py": {
        'files("partly") / "shipped"': 'files("partly.data") / "shipped"'
    },
    "src/partly/data/labels/shipped_labels.py": {
        'files("partly") / "shipped"': 'files("partly.data") / "shipped"'
    },
    "src/partly/project/demo/demo_subjects.py": {
        'files("partly") / "shipped"': 'files("partly.data") / "shipped"'
    },
    "src/partly/studio/http/page.py": {
        'files("partly") / "studio" / "static"': 'files("partly.studio.http") / "static"'
    },
    "src/partly/cli/command_line.py": {
        "{verb.replace('-', '_')}": "{verb.replace('-', '_')}_command",
        '    "experiment": "Measure the project\'s claims anew.",\n': "",
    },
    "tests/inference/segment/test_folder.py": {
        "from predict.networks": "from inference.segment.networks",
        "Path(__file__).parents[1]": "Path(__file__).parents[2]",
    },
    "tests/models/generators/test_original.py": {"Path(__file__).parents[2]": "Path(__file__).parents[3]"},
    "experiments/command.py": {'"""``partly experiment``."""': '"""``python -m experiments``."""'},
    "pyproject.toml": {
        '"shipped/**/*", "report/templates/*"': '"**/*.pyi", "data/shipped/**/*", "evaluation/report/templates/*"',
        '"studio/static/**/*"': '"studio/http/static/**/*"',
        '    "click>=8.1",\n': '    "click>=8.1",\n    "lazy_loader>=0.4",\n',
        'files = ["src/partly"]': 'files = ["src/partly", "experiments"]\nmypy_path = "src"',
    },
    "constraints.txt": {"librt==": "lazy_loader==0.6\nlibrt=="},
}
"""What only one file says."""


def mend_texts() -> None:
    """Paths in texts that no import names."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in names.stdout.splitlines():
        path = ROOT / name
        if not path.is_file() or path.name == Path(__file__).name or "adr" in path.parts:
            continue
        if path.suffix not in (".md", ".py", ".toml", ".ts", ".html", ".txt") and path.name not in (
            "Makefile",
            ".gitignore",
        ):
            continue
        text = old = path.read_text(encoding="utf-8")
        for before, after in {**EVERYWHERE, **IN_FILES.get(name, {})}.items():
            if after not in text or after == "":
                text = text.replace(before, after)
        if text != old:
            path.write_text(text, encoding="utf-8")


def write_rooms(mover: Mover) -> None:
    """The packages' entrances."""
    package = SRC / "partly"
    folders = {path.parent for path in package.rglob("*.py")}
    folders |= {parent for f in list(folders) for parent in f.parents if package in parent.parents}
    for folder in sorted(folders - {package}):
        rest = str(folder.relative_to(package))
        name = "partly." + rest.replace("/", ".")
        doc = ROOMS.get(rest)
        if doc is None:
            print(f"no sentence for {rest}")
            doc = "."
        exported = mover.exports.get(name, {})
        stems = {path.stem for path in folder.glob("*.py")}
        for stem, names in exported.items():
            if clash := names & stems:
                print(f"{name}: {clash} of {stem} is also the name of a file")
        (folder / "__init__.py").write_text(f'"""{doc}"""\n')
    subprocess.run([sys.executable, "scripts/write_entrances.py"], check=True)


if __name__ == "__main__":
    main()
