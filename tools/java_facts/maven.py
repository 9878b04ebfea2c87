"""Class paths of released artifacts, resolved by Maven into its own local repository."""

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

SLF4J_SIMPLE = "1.7.36"
"""Prints a client's log to standard error; this release works with each client's slf4j-api."""


def pom(artifact: str, version: str, *, logging: bool) -> str:
    """A pom whose run-time class path is that of ``org.apache.kafka:artifact:version``.

    RocksDB's native library is left out: no configuration class needs it, and it weighs 50 MB.
    """
    logger = (
        "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>"
        f"<version>{SLF4J_SIMPLE}</version></dependency>"
    )
    return f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>oncelint</groupId><artifactId>classpath</artifactId><version>1</version>
  <dependencies>{logger if logging else ""}<dependency>
    <groupId>org.apache.kafka</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
    <exclusions><exclusion>
      <groupId>org.rocksdb</groupId><artifactId>rocksdbjni</artifactId>
    </exclusion></exclusions>
  </dependency></dependencies>
</project>
"""


@functools.cache
def class_path(artifact: str, version: str, *, logging: bool = False) -> str | None:
    """The class path Maven resolves, or None (with a line on stderr) when it is not to be had.

    Args:
        artifact: the artifact's name under ``org.apache.kafka``.
        version: its release.
        logging: whether a logger that prints to standard error is on the path.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pom.xml").write_text(
            pom(artifact, version, logging=logging), encoding="utf-8"
        )
        found = Path(folder, "class-path.txt")
        output = f"-Dmdep.outputFile={found}"
        run = subprocess.run(
            ["mvn", "-B", "-q", "dependency:build-classpath", output, "-DincludeScope=runtime"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 0:
            return found.read_text(encoding="utf-8").strip()
    reason = next((line for line in run.stdout.splitlines() if "ERROR" in line), run.stderr)
    print(f"skipped {artifact} {version}: {reason.strip()[:200]}", file=sys.stderr)
    return None


def compile_program(source: Path, folder: Path) -> None:
    """Compiles one Java source, which uses Kafka by reflection only, into *folder*."""
    subprocess.run(["javac", "-nowarn", "-d", str(folder), str(source)], check=True)
