"""What the documents say of Streams applications, and their fixes, held to Kafka Streams itself.

It needs Java and Maven, fetches artifacts, and runs only where ONCELINT_JAVA=1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import documents
from java_facts.maven import class_path

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) or os.environ.get("ONCELINT_JAVA") != "1",
    reason=f"needs {', '.join(MISSING)}" if MISSING else "set ONCELINT_JAVA=1 to run",
)
PROGRAM = Path(__file__).parent / "StreamsGuarantee.java"
RULES = ("streams-eos-overridden", "streams-eos-deprecated")
VERSION = re.compile(r"<version>(\d+\.\d+\.\d+)</version>")


def _documents() -> Iterator[tuple[str, documents.Document]]:
    for rule in RULES:
        for path in sorted((documents.ROOT / "fixtures" / "rules" / rule).glob("*.md")):
            document = documents.read(path)
            version = VERSION.search(document.files.get("pom.xml", ""))
            filled_in = any("${" in body for body in document.files.values())
            if version is not None and not filled_in:
                yield version[1], document


CASES = [pytest.param(v, d, id=f"{d.rule}/{d.path.stem}") for v, d in _documents()]


def _answer(version: str, properties: str, folder: Path) -> str:
    found = class_path("kafka-streams", version, logging=True)
    assert found is not None, f"no Kafka Streams {version}"
    classes = folder / "classes"
    classes.mkdir(exist_ok=True)
    source = classes / PROGRAM.name
    source.write_bytes(PROGRAM.read_bytes())
    written = folder / "streams.properties"
    written.write_text(properties, encoding="utf-8")
    command = ["java", "-cp", found, str(source), str(written)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip().splitlines()[-1]


def _only(files: dict[str, str]) -> str:
    return next(body for name, body in files.items() if name.endswith(".properties"))


@pytest.mark.parametrize(("version", "document"), CASES)
def test_streams_agrees(version: str, document: documents.Document, tmp_path: Path) -> None:
    answer = _answer(version, _only(document.files), tmp_path)
    found = [line for line in document.findings if document.rule in line]
    refused = any("does not start (" in line for line in document.findings)
    assert answer.startswith("refused") is refused, answer
    if not refused:
        uncommitted = any("aborted transactions" in line for line in found)
        assert ("read_uncommitted" in answer) is uncommitted, answer
    if document.safe:
        assert not _answer(version, _only(document.safe), tmp_path).startswith("refused")
