"""Release files of a client library, fetched by pip and unpacked, never installed or imported."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

PLATFORMS = (
    "manylinux1_x86_64",
    "manylinux2010_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_28_x86_64",
)
PYTHONS = ("3.11", "3.8", "3.7")
"""Tried in this order: one release's wheels differ by Python version, its declarations do not."""


def default_directory() -> Path:
    """Where release files are kept between runs of the generators."""
    return Path.home() / ".cache" / "oncelint-clients"


def unpacked(distribution: str, version: str, directory: Path) -> Path:
    """The unpacked release of a distribution, fetched first where it is not there yet.

    Args:
        distribution: the name as pip takes it.
        version: the exact version.
        directory: where files and folders are kept.

    Raises:
        FileNotFoundError: pip finds neither a wheel for Linux nor a source archive.
    """
    stem = distribution.replace("-", "_")
    folder = directory / f"{stem}-{version}"
    if not folder.is_dir():
        archive = _find(stem, version, directory) or _fetch(distribution, version, directory)
        partial = folder.with_suffix(".partial")
        _extract(archive, partial)
        partial.rename(folder)
    return folder


def _find(stem: str, version: str, directory: Path) -> Path | None:
    for pattern in (f"{stem}-{version}-*.whl", f"{stem}-{version}.tar.gz"):
        for path in sorted(directory.glob(pattern)):
            return path
    return None


def _fetch(distribution: str, version: str, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    wheels = [
        ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
        + [f"--platform={platform}" for platform in PLATFORMS]
        for python in PYTHONS
    ]
    for options in [*wheels, ["--no-binary=:all:"]]:
        if _pip_download([*options, f"--dest={directory}", f"{distribution}=={version}"]):
            found = _find(distribution.replace("-", "_"), version, directory)
            if found is None:
                found = _find(distribution, version, directory)
            if found is not None:
                return found
    raise FileNotFoundError(f"pip finds no release file of {distribution} {version} for Linux")


def _pip_download(arguments: Sequence[str]) -> bool:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _extract(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
        return
    with tarfile.open(archive) as source:
        # The filter keeps an archive from writing outside its folder.
        source.extractall(folder, filter="data")


def package_file(folder: Path, relative: str) -> Path:
    """A file of an unpacked release by its path from the import root, in a wheel or a source archive.

    Raises:
        FileNotFoundError: the release has no such file.
    """
    for candidate in (
        folder / relative,
        *folder.glob(f"*/{relative}"),
        *folder.glob(f"*/src/{relative}"),
    ):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{relative} in {folder}")
