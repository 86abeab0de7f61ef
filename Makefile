# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export OMP_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Videos need NumPy below 2, so they have an environment of their own.
VIDEO := .venv-video
VIDEO_TESTS := tests/cli/test_videos.py tests/unit/test_poses.py tests/unit/test_camera.py tests/unit/test_video_folder.py \
    tests/behaviour/test_serve_video.py

.PHONY: demo test lint style install video test-video clean

demo: $(INSTALLED)
	$(BIN)/sadvae demo

test: style
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: style
	$(BIN)/pyright --pythonpath $(BIN)/python

style: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sadvae needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
# All cores compile, where pip takes one. A file for a newer Python does not compile, which is no fault: pip passes over it too.
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib src || true
	touch $@

video: $(VIDEO)/.installed

test-video: video
	$(VIDEO)/bin/python -m pytest $(VIDEO_TESTS)

$(VIDEO)/.installed: pyproject.toml constraints-video.txt
	$(PYTHON) -m venv $(VIDEO)
	$(VIDEO)/bin/python -m pip install --quiet --constraint constraints-video.txt --editable '.[video,serve]' pytest hypothesis playwright
	touch $@

clean:
	rm -rf $(VENV) $(VIDEO) runs build
