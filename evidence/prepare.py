"""Fill the folder the scripts run from: Kafka's jars by Maven, a virtual environment per client.

Needs java (17 or later), mvn and the network; everything after it stays on loopback. What is
there already is left alone. The folder is ONCELINT_EVIDENCE_HOME, by default in the user's cache.
"""

import argparse
import subprocess
import venv
from pathlib import Path

import harness

import broker

BROKERS = ("3.9.1", "4.4.0")
JAVA_CLIENTS = ("2.8.2", "3.0.0", "3.0.1", "3.1.0", "3.1.1", "3.2.0", "3.9.1", "4.0.0", "4.4.0")
SECONDS = 600.0


def copy_jars(pom: str, kafka_version: str, target: Path) -> None:
    """Copy the runtime dependencies of a pom of this folder to `target`."""
    if target.is_dir():
        return
    command = [
        "mvn",
        "--quiet",
        "--batch-mode",
        f"--file={harness.HERE / pom}",
        f"-Dkafka.version={kafka_version}",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={target}",
    ]
    subprocess.run(command, check=True, timeout=SECONDS)


def make_environment(target: Path, requirements: tuple[str, ...]) -> None:
    """Make a virtual environment with exactly these clients."""
    if target.is_dir():
        return
    venv.create(target, with_pip=True)
    command = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements]
    subprocess.run(command, check=True, timeout=SECONDS)


def main() -> None:
    """Prepare everything, and name the interpreter to run the scripts with."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    home = broker.home()
    home.mkdir(parents=True, exist_ok=True)
    for version in BROKERS:
        copy_jars("kafka.pom.xml", version, home / f"kafka-{version}")
    for version in JAVA_CLIENTS:
        copy_jars("clients.pom.xml", version, home / f"kafka-clients-{version}")
    copy_jars("connect.pom.xml", "3.9.1", home / "connect-3.9.1")
    make_environment(home / "main", harness.MAIN_ENVIRONMENT)
    for requirement in harness.OTHER_ENVIRONMENTS:
        make_environment(home / requirement.replace("==", "-"), (requirement,))
    print(harness.interpreter(harness.CONFLUENT))


if __name__ == "__main__":
    main()
