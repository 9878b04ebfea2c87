"""Writes docs/client-table.md: every fix, taken by every client and release within reach.

    python tools/fix_table.py            prints the table
    python tools/fix_table.py --write    writes it

The installed Python clients are always within reach, pinned releases where ONCELINT_CLIENTS names
the folder that tools/client_versions.py made, and Kafka's own classes where ONCELINT_JAVA=1. What is
out of reach is marked as skipped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.dialects.installations import installations
from tests.fix.clients import table
from tests.fix.clients.cells import JAVA_VERSIONS, Cell, java_cells, mock_cluster, python_cells


def cells() -> Iterator[Cell]:
    """What becomes of each fix at each release within reach."""
    with mock_cluster() as bootstrap:
        for installation in installations():
            print(installation, file=sys.stderr)
            yield from python_cells(installation, bootstrap)
    if os.environ.get("ONCELINT_JAVA") == "1":
        for artifact, versions in JAVA_VERSIONS.items():
            for version in versions:
                print(artifact, version, file=sys.stderr)
                yield from java_cells(artifact, version)


def main() -> int:
    """Print or write the table; the exit code is 1 when a cell failed."""
    parser = argparse.ArgumentParser(description="which clients take which fixes")
    parser.add_argument("--write", action="store_true", help=f"write {table.PATH.name}")
    options = parser.parse_args()
    found = list(cells())
    libraries = [one.version for one in installations() if not one.importable]
    text = table.rendered(found, libraries)
    if options.write:
        table.PATH.write_text(text, encoding="utf-8")
    else:
        print(text)
    for cell in found:
        if cell.outcome == "failed":
            print(f"{cell.case.id}, {cell.version}: {cell.why}", file=sys.stderr)
    return int(any(cell.outcome == "failed" for cell in found))


if __name__ == "__main__":
    sys.exit(main())
