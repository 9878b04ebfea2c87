"""Measures oncelint by ratios: against ruff on the same tree, against an interpreter that starts.

    python bench/run.py [--runs 5] [--growth] [--keep FOLDER]

Everything runs from the virtual environment of the interpreter that runs this. The two sides of a
ratio are measured in turns, after a warm-up, so that a busy machine slows both; the ratio is that
of the medians. Nothing here passes or fails: bench/README.md says what the numbers are for.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import tree

PYTHON = sys.executable
ONCELINT = str(Path(sys.executable).parent / "oncelint")
RUFF = str(Path(sys.executable).parent / "ruff")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds on the clock, seconds of processor time, the largest process in bytes."""

    wall: float
    cpu: float
    peak: int


def run(command: Sequence[str], folder: Path) -> Sample:
    """Run a command in a folder, its output thrown away. Exit codes above 1 are an error."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def compare(name: str, ours: Sequence[str], theirs: Sequence[str], folder: Path, runs: int) -> None:
    """Measure two commands in turns and print one line."""
    run(ours, folder), run(theirs, folder)
    left, right = [], []
    for _ in range(runs):
        left.append(run(ours, folder))
        right.append(run(theirs, folder))
    mine, other = median(left), median(right)
    print(
        f"{name:<46} {mine.wall / other.wall:6.2f} x   "
        f"({mine.wall * 1000:.0f} ms to {other.wall * 1000:.0f} ms; processor time "
        f"{mine.cpu / other.cpu:.2f} x; largest process {mine.peak / 1e6:.0f} MB)",
        flush=True,
    )


def median(samples: Sequence[Sample]) -> Sample:
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.cpu for sample in samples),
        max(sample.peak for sample in samples),
    )


def repository(folder: Path, files: int, share: float = 0.02, *, far: bool = False) -> Path:
    """A generated tree under version control, as real ones are."""
    if not folder.exists():
        folder.mkdir(parents=True)
        size = tree.write(folder, files, share, seed=1, far=far)
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        print(f"generated {files} files, {size / 1e6:.0f} MB", flush=True)
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, stdout=subprocess.DEVNULL)


def measure(base: Path, runs: int, growth: bool) -> None:
    project = repository(base / "10000", 10_000)
    lint = [RUFF, "check", "--quiet", "--select", "F401", "--no-cache", "--isolated", "."]
    check = [ONCELINT, "check", "--quiet", "--output-format", "concise", "."]
    nothing = [PYTHON, "-c", "pass"]
    compare("check 10,000 files : ruff --select F401", check, lint, project, runs)
    compare("--version : python -c pass", [ONCELINT, "--version"], nothing, project, runs * 3)
    bare = repository(base / "50-bare", 50, 0)
    name = sorted(bare.rglob("*.py"))[0].relative_to(bare)
    one = [ONCELINT, "check", str(name)]
    compare("one file, nothing relevant : python -c pass", one, nothing, bare, runs * 3)
    distant = repository(base / "10000-far", 10_000, far=True)
    beside("check, sinks two modules away : in the module", check, distant, project, runs)
    if growth:
        sizes = (1_000, 10_000, 40_000)
        projects = [repository(base / f"{files}-far", files, far=True) for files in sizes]
        for files, project in zip(sizes, projects, strict=True):
            compare(f"check {files:,} files : ruff --select F401", check, lint, project, runs)
            bare = repository(base / f"{files}-bare", files, 0)
            compare(f"check {files:,} files, none on Kafka : ruff", check, lint, bare, runs)
        slopes(sizes, [median([run(check, one) for _ in range(runs)]) for one in projects])


def beside(name: str, command: Sequence[str], left: Path, right: Path, runs: int) -> None:
    """Measure one command in two folders in turns and print one line."""
    run(command, left), run(command, right)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(run(command, left))
        theirs.append(run(command, right))
    mine, other = median(ours), median(theirs)
    print(
        f"{name:<46} {mine.wall / other.wall:6.2f} x   "
        f"(processor time {mine.cpu / other.cpu:.2f} x; largest process {mine.peak / 1e6:.0f} MB"
        f" to {other.peak / 1e6:.0f} MB)",
        flush=True,
    )


def slopes(sizes: Sequence[int], samples: Sequence[Sample]) -> None:
    """Print how time grows from one size to the next: 1 is linear, and so is a budget of 1.15 for
    each tenfold growth."""
    for (small, before), (large, after) in pairwise(zip(sizes, samples, strict=True)):
        slope = math.log(after.cpu / before.cpu) / math.log(large / small)
        print(f"growth from {small:,} to {large:,} files: exponent {slope:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure oncelint by ratios.")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each command")
    parser.add_argument("--growth", action="store_true", help="also 1,000 and 40,000 files")
    parser.add_argument("--keep", type=Path, help="generate the trees here and keep them")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        measure(options.keep.resolve(), options.runs, options.growth)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.runs, options.growth)


if __name__ == "__main__":
    main()
