"""The command line that every dialect generator has."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from dialect_sources.downloads import default_directory, unpacked
from dialect_sources.tables import Declared, build_table, render

DATA = Path(__file__).resolve().parents[2] / "linter" / "oncelint" / "dialects" / "data"


def main(
    dialect: str,
    distribution: str,
    source: str,
    versions: Sequence[str],
    read_release: Callable[[Path], dict[str, Declared]],
) -> None:
    """Fetch each release, read it, and write the dialect's table into the linter's data.

    Args:
        dialect: the table's name, and its file's.
        distribution: the releases' name as pip takes it.
        source: one sentence on how the table was read.
        versions: the releases, ascending.
        read_release: reads an unpacked release.
    """
    parser = argparse.ArgumentParser(description=f"write the dialect table {dialect}.json")
    parser.add_argument(
        "--downloads",
        type=Path,
        default=default_directory(),
        help="where release files are kept between runs",
    )
    directory: Path = parser.parse_args().downloads
    snapshots = []
    for version in versions:
        snapshots.append((version, read_release(unpacked(distribution, version, directory))))
    path = DATA / f"{dialect}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(build_table(dialect, distribution, source, snapshots)), encoding="utf-8")
    print(f"{path.name}: {len(versions)} versions")
