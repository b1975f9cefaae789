# The commands people type; CMake with presets does the work underneath.
.PHONY: all setup demo demo-vm test test-all bench fuzz install format check-format tidy loc sbom reproducible clean

all: setup
	@scripts/configure default
	cmake --build build

setup:
	@scripts/setup build

demo: all
	@scripts/setup demo
	@examples/demo.sh

demo-vm: all
	@scripts/setup demo
	@scripts/setup vm
	@examples/demo.sh --platform=vm

test: all
	@scripts/setup test
	@scripts/setup vm
	@tests/run.sh

test-all: all
	@scripts/setup test
	@scripts/setup vm
	@tests/run.sh --all

bench: all
	@scripts/setup bench
	@scripts/setup vm
	@bench/run.sh

fuzz: setup
	@scripts/setup fuzz
	@fuzz/run.sh

install: all
	cmake --install build

format:
	@scripts/format.sh

check-format:
	@scripts/format.sh --check

tidy:
	@scripts/tidy.sh

sbom:
	@scripts/sbom.py

reproducible: setup
	@scripts/reproducible.sh

loc:
	@scripts/loc.sh

clean:
	rm -rf build
