"""Install pinned releases of the Python clients side by side, for the tests that compare them.

Run `python tools/client_versions.py DIRECTORY`, then the tests with ONCELINT_CLIENTS=DIRECTORY. Each
release gets a folder `<distribution>-<version>` that serves as a PYTHONPATH; a release without a wheel
for the running Python is reported and left out. Old releases of confluent-kafka are unpacked besides, as
`librdkafka-<version>`, for the librdkafka in them.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from dialect_sources.downloads import unpacked

PINNED: dict[str, tuple[str, ...]] = {
    "confluent-kafka": ("1.9.2", "2.3.0", "2.8.2", "2.16.1"),
    "kafka-python": ("2.0.2", "2.1.6", "2.2.21", "2.3.3", "3.0.0", "3.0.12"),
    "kafka-python-ng": ("2.2.3",),
    "aiokafka": ("0.8.1", "0.11.0", "0.14.0"),
}

LIBRARIES = ("1.0.0", "1.2.0", "1.4.2", "1.5.0", "1.6.1", "1.8.2", "1.9.2", "2.1.1")
"""Releases of confluent-kafka of which only the librdkafka is wanted."""

NEEDS: dict[tuple[str, str], tuple[str, ...]] = {
    # Until 0.9 aiokafka leaned on kafka-python for the protocol.
    ("aiokafka", "0.8.1"): ("async-timeout", "packaging", "kafka-python==2.0.2"),
    ("aiokafka", "0.11.0"): ("async-timeout", "packaging", "typing-extensions"),
    ("aiokafka", "0.14.0"): ("async-timeout", "packaging", "typing-extensions"),
    ("confluent-kafka", "2.16.1"): ("typing-extensions",),
}


def install(distribution: str, version: str, directory: Path) -> bool:
    """Install one release into its own folder, unless it is there.

    Returns:
        whether the folder now holds the release.
    """
    folder = directory / f"{distribution}-{version}"
    if folder.is_dir():
        return True
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", f"--target={folder}"),
        f"{distribution}=={version}",
        *NEEDS.get((distribution, version), ()),
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unpack_library(version: str, directory: Path) -> None:
    """Unpack a release of confluent-kafka into `librdkafka-<version>`, unless it is there."""
    folder = directory / f"librdkafka-{version}"
    if not folder.is_dir():
        shutil.move(unpacked("confluent-kafka", version, directory / "downloads"), folder)


def main() -> None:
    """Install every pinned release and say which could not be had."""
    parser = argparse.ArgumentParser(description="install pinned Kafka clients side by side")
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args().directory
    for distribution, versions in PINNED.items():
        for version in versions:
            installed = install(distribution, version, directory)
            print(f"{distribution} {version}: {'installed' if installed else 'no wheel'}")
    for version in LIBRARIES:
        unpack_library(version, directory)
        print(f"librdkafka of confluent-kafka {version}: unpacked")


if __name__ == "__main__":
    main()
