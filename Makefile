# Partly. `make demo` and `make test` are all that a fresh machine needs: Python 3.11 or newer, and a package index.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
READY_RAY := $(VENV)/.ready-ray
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PHOTO ?=

.PHONY: help setup demo test test-slow test-ray check format clean studio studio-if-node studio-check

help:
	@echo "make demo [PHOTO=file-or-folder]  set up, do the whole job once on faces, show it on a page"
	@echo "make test                         set up, run the quick tests with their coverage"
	@echo "make test-slow                    set up, run the slow ones: whole chains, kills, ranks, browsers"
	@echo "make test-ray                     set up, run those on a cluster of Ray on this machine"
	@echo "make check                        style, types, layers"
	@echo "make setup                        only set up $(VENV), and the studio's page where Node is"
	@echo "make studio                       build the studio's page; needs Node 20 or newer"
	@echo "make studio-check                 types and tests of the page"

setup: $(READY_DEV) studio-if-node

# Remade when what is to be installed changes. The stamps come last, so that a setup that was stopped is redone.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Partly needs Python 3.11 or newer: make setup PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable .
	@touch $@

$(READY_DEV): $(READY)
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

$(READY_RAY): $(READY_DEV)
	$(PIP_INSTALL) --editable '.[ray]'
	@touch $@

demo: $(READY) studio-if-node
	$(BIN)/partly demo $(if $(PHOTO),--photo '$(PHOTO)')

# As many processes as there are cores, each with one thread: threads that wait for each other are slow.
test: $(READY_DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow and not ray' -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=95

test-slow: $(READY_DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'slow and not ray' -n auto --dist loadfile

# A cluster of Ray of two nodes on this machine, of which one is killed; a minute or two.
test-ray: $(READY_RAY)
	$(BIN)/python -m pytest -m ray

check: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The studio's page: built into the package, so that who installs a wheel needs no Node.
STUDIO_PAGE := src/partly/studio/http/static/index.html
STUDIO_READY := studio-page/node_modules/.ready
STUDIO_SOURCES := $(shell find studio-page -path studio-page/node_modules -prune -o -type f -print)

studio: $(STUDIO_PAGE)

$(STUDIO_READY): studio-page/package.json studio-page/package-lock.json
	cd studio-page && npm ci
	@touch $@

$(STUDIO_PAGE): $(STUDIO_READY) $(STUDIO_SOURCES)
	cd studio-page && npm run build
	@touch $@

# What `make setup` and `make demo` do: neither needs the page, so neither fails without it.
studio-if-node:
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || ! npm --version >/dev/null 2>&1; then \
	  echo "Skipped the studio's page: it is built with Node 20 or newer, which is not here. Later: make studio"; \
	elif ! $(MAKE) --no-print-directory studio; then \
	  echo "The studio's page could not be built; all else is ready. Again: make studio" >&2; \
	fi

studio-check: $(STUDIO_READY)
	cd studio-page && npm run check && npm test

clean:
	rm -rf studio-page/node_modules src/partly/studio/http/static
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage

# Benchmarks (make bench-faces and the like) go below this line.

# They print their figures and write them to bench-out/, or experiments-out/; docs/lab.md holds those of the record.
# DATA is the folder of the benchmark's photos (see experiments/photos.py), LABELS one or ten.
.PHONY: bench-original bench-few-shot bench-faces bench-speed bench-gaussians bench-training bench-portraits
.PHONY: bench-studio bench-photo-project

DATA ?= data
CHECKPOINTS ?= checkpoints
PHOTOS ?= photos
LABELS ?= one
HALF ?= choices

bench-original: $(READY_DEV)
	$(BIN)/python -m benchmarks.original

# Checkpoints of other programs, with the pictures that those made of them, in CHECKPOINTS.
.PHONY: bench-checkpoints
bench-checkpoints: $(READY_DEV)
	$(BIN)/python -m benchmarks.foreign_checkpoints '$(CHECKPOINTS)'

bench-few-shot: $(READY_DEV)
	$(BIN)/python -m experiments few-shot-networks

bench-faces: $(READY_DEV)
	$(BIN)/python -m experiments faces --data '$(DATA)' --half $(HALF)

# Faces and horses turned, small, several at once, cut; objects found on cars; the time of a photo of 1024 px.
.PHONY: bench-anywhere
bench-anywhere: $(READY_DEV)
	$(BIN)/python -m experiments anywhere --network '$(NETWORK)' $(if $(FINDER),--finder '$(FINDER)') --data '$(DATA)' --half $(HALF) --threads 2

bench-speed: $(READY_DEV)
	$(BIN)/python -m benchmarks.speed

bench-training: $(READY_DEV)
	$(BIN)/python -m benchmarks.training_speed

# Processor time of a training step of StyleGAN2; AGAINST is the folder of another checkout, which is measured by turns.
.PHONY: bench-step-speed
AGAINST ?=
bench-step-speed: $(READY_DEV)
	$(BIN)/python -m benchmarks.step_speed $(if $(AGAINST),--against '$(AGAINST)')

bench-studio: $(READY_DEV)
	$(BIN)/python -m benchmarks.studio
	$(BIN)/python -m benchmarks.studio_browser
	$(BIN)/python -m benchmarks.studio_kills

# From one painted photo to masks of 300, and to a network: time and memory.
bench-photo-project: $(READY_DEV)
	$(BIN)/python -m benchmarks.photo_project --data '$(DATA)'

# PHOTOS is a folder or zip of photos, which get ten thousand names.
.PHONY: bench-many-photos
bench-many-photos: $(READY_DEV)
	$(BIN)/python -m benchmarks.many_photos --photos '$(PHOTOS)'

bench-gaussians: $(READY_DEV)
	$(BIN)/python -m benchmarks.eight_gaussians

# How many of a thousand modes each objective finds; MNIST is the folder of its four files.
.PHONY: bench-stacked-digits
MNIST ?= mnist
bench-stacked-digits: $(READY_DEV)
	$(BIN)/python -m benchmarks.stacked_digits --data '$(MNIST)' --minutes 20
	$(BIN)/python -m benchmarks.stacked_digits --data '$(MNIST)' --variant least-squares:gamma=10 --photos-shown 200000
	$(BIN)/python -m benchmarks.stacked_digits --data '$(MNIST)' --variant hinge:gamma=30 --photos-shown 280000

# All objectives on digits and clothes, and one on faces and cars, at equal processor time; some fifteen hours of a core.
# FASHION is the folder of Fashion-MNIST. Others on faces: python -m experiments adversarial --on faces --variant NAME.
.PHONY: bench-adversarial bench-adversarial-labels
FASHION ?= /usr/share/datasets/fashion-mnist
bench-adversarial: $(READY_DEV)
	$(BIN)/python -m experiments adversarial --data '$(DATA)' --fashion '$(FASHION)'

# How well GENERATOR, one of faces, serves segmentation; ten minutes of a core.
bench-adversarial-labels: $(READY_DEV)
	$(BIN)/python -m experiments adversarial-labels --data '$(DATA)' --generator '$(GENERATOR)'

bench-portraits: $(READY_DEV)
	$(BIN)/python -m benchmarks.portraits --figure

# Rivals of Partly on the same photos: RIVAL is the name of one (see benchmarks/rivals/catalogue.py), LABELS one or ten.
.PHONY: bench-rivals
RIVAL ?= all

bench-rivals: $(READY_DEV)
	$(BIN)/python -m benchmarks.rivals $(RIVAL) --labels $(LABELS) --data '$(DATA)' --half $(HALF)
	$(BIN)/python -m benchmarks.rivals.table --half $(HALF)

# The service: photos a second from 8 clients at once, and its memory over 10,000 requests.
.PHONY: bench-serve bench-fuzz
bench-serve: $(READY_DEV)
	$(BIN)/python -m benchmarks.serve

# Ten thousand files by mutation of good ones, each to end in a result or a named error.
bench-fuzz: $(READY_DEV)
	$(BIN)/python -m benchmarks.fuzz

# Photos a second of 512 px, by every engine, and what it costs. NETWORK is the folder of a network of faces.
.PHONY: bench-segmentation
NETWORK ?= demo-faces/models/auto_shot
bench-segmentation: $(READY_DEV)
	$(BIN)/python -m benchmarks.segmentation_rate '$(NETWORK)' --data '$(DATA)'

# Photos found in a generator: the usual projector against encoder and short search. GENERATOR has an encoder
# (partly invert --learn GENERATOR); PHOTOS is a folder or zip.
.PHONY: bench-inversion
GENERATOR ?= ffhq
bench-inversion: $(READY_DEV)
	$(BIN)/python -m benchmarks.inversion '$(GENERATOR)' '$(PHOTOS)'

# Minimum reconstruction error beside kernel distance: GENERATORS are model folders, names or projects; PHOTOS is what
# they were trained on, HELD_OUT is not.
.PHONY: bench-mre
HELD_OUT ?=
GENERATORS ?= $(GENERATOR)
bench-mre: $(READY_DEV)
	$(BIN)/python -m benchmarks.reconstruction_error '$(PHOTOS)' '$(HELD_OUT)' $(GENERATORS)

# Photos segmented through the generator and by the auto-shot network of PROJECT, one of faces; DATA as for experiments.
.PHONY: bench-through-generator
PROJECT ?=
bench-through-generator: $(READY_DEV)
	$(BIN)/python -m benchmarks.through_generator '$(PROJECT)' --data '$(DATA)'

# What tuning the generator on a photo does to the labels of PROJECT, one of faces.
.PHONY: bench-tuned-generator
bench-tuned-generator: $(READY_DEV)
	$(BIN)/python -m benchmarks.tuned_generator '$(PROJECT)' --data '$(DATA)'

# One labelled photo of a face: its label moved to its latent in GENERATOR, against features of the photo.
.PHONY: bench-label-by-inversion
bench-label-by-inversion: $(READY_DEV)
	$(BIN)/python -m benchmarks.label_by_inversion '$(GENERATOR)' --data '$(DATA)'

# What large work takes on many machines: pieces are measured, two processes are forecast and run, tables are printed.
.PHONY: bench-plan
bench-plan: $(READY_DEV)
	$(BIN)/python -m benchmarks.plan measure --network '$(NETWORK)' --photos '$(PHOTOS)'
	$(BIN)/python -m benchmarks.plan check --network '$(NETWORK)' --photos '$(PHOTOS)'
	$(BIN)/python -m benchmarks.plan forecast

# Two nodes of Ray of one core each on this machine, against one process of one core.
.PHONY: bench-ray
bench-ray: $(READY_RAY)
	$(BIN)/python -m benchmarks.ray_nodes

# Trainings on digits, each with its figure (docs/lab.md, "The adversarial family"); MNIST is a folder with its four files.
.PHONY: bench-conditional bench-info-gan bench-semi-supervised bench-moment-matching
MNIST ?= mnist
bench-conditional: $(READY_DEV)
	$(BIN)/python -m benchmarks.conditional --data '$(MNIST)'

bench-info-gan: $(READY_DEV)
	$(BIN)/python -m benchmarks.info_gan --data '$(MNIST)'

bench-semi-supervised: $(READY_DEV)
	$(BIN)/python -m benchmarks.semi_supervised --data '$(MNIST)' --labels 100

bench-moment-matching: $(READY_DEV)
	$(BIN)/python -m benchmarks.moment_matching --data '$(MNIST)' --photos-shown 2000000 --photos-of-pixels 500000

# The family's weight of R1 beside weights below and above it, and where the stopping rule would end a training; OUT
# keeps what is finished.
.PHONY: bench-gamma bench-stopping
OUT ?= bench-out/sweep
SIZE ?= 64
bench-gamma: $(READY_DEV)
	$(BIN)/python -m benchmarks.gamma '$(PHOTOS)' '$(OUT)' --size $(SIZE)

bench-stopping: $(READY_DEV)
	$(BIN)/python -m benchmarks.stopping '$(PHOTOS)' '$(OUT)' --size $(SIZE)
