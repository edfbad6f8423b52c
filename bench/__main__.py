"""Run a benchmark by its name: `python -m bench attack`, `python -m bench investigations FOLDER`, ..."""

import pkgutil
import runpy
import sys

import bench

NAMES = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name != "__main__")

if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
    sys.exit(f"usage: python -m bench NAME ...\nNAME is one of {', '.join(NAMES)}; each explains itself with --help")
name = sys.argv.pop(1)
runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)
