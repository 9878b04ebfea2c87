"""What is read of Spring Boot's application files, held to Spring Boot's own binder.

Every document under `fixtures/placements/spring` (and what the fixes make of it) is bound into
KafkaProperties by the releases in `VERSIONS`, once without a profile and once with each that
changes a client: what Boot hands to the clients has to be what is read, key by key. Needs Java and
Maven, fetches artifacts, and runs only where ONCELINT_JAVA=1.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import documents
from oncelint.discover import Candidate, kind_of
from oncelint.extract import extract
from oncelint.frameworks import assemble
from oncelint.model.facts import UNREAD, ConfigFact
from oncelint.model.values import Computed, Known, scalar_text

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
REASON = (
    f"needs {', '.join(MISSING)}"
    if MISSING
    else "fetches Spring Boot's artifacts: set ONCELINT_JAVA=1 to run"
)
pytestmark = pytest.mark.skipif(
    bool(MISSING) or os.environ.get("ONCELINT_JAVA") != "1", reason=REASON
)

VERSIONS = ("2.7.18", "3.5.7")
SOURCE = Path(__file__).with_name("SpringProperties.java")
# the binder is given files alone, as they are: variables of a container are not part of what it is
# asked, and neither is what Maven makes of a file
DOCUMENTS = sorted(
    path
    for path in (documents.ROOT / "fixtures" / "placements" / "spring").glob("*.md")
    if "variables" not in path.stem and "filtered" not in path.stem
)
# What Boot gives a client although nobody wrote it.
OWN = {
    ("producer", "key.serializer"),
    ("producer", "value.serializer"),
    ("consumer", "key.deserializer"),
    ("consumer", "value.deserializer"),
    ("consumer", "isolation.level"),
}
ADDRESSES = "bootstrap.servers"
_REFERENCE = re.compile(r"\$\{([^${}:]+)\}")
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>oncelint</groupId><artifactId>classpath</artifactId><version>1</version>
  <dependencyManagement><dependencies><dependency>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-dependencies</artifactId>
    <version>{version}</version><type>pom</type><scope>import</scope>
  </dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-autoconfigure</artifactId>
    </dependency>
    <dependency>
      <groupId>org.springframework.kafka</groupId><artifactId>spring-kafka</artifactId>
    </dependency>
    <dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId></dependency>
  </dependencies>
</project>
"""


@dataclass(frozen=True)
class Asked:
    """One run of the binder: the project's files, a profile, and the clients that were read."""

    id: str
    files: Mapping[str, str]
    profile: str
    names: str
    facts: tuple[ConfigFact, ...] = field(hash=False)


TRICKY: Mapping[str, Mapping[str, str]] = {
    "names": {
        "src/main/resources/application.yml": """
spring.kafka:
  PRODUCER:
    Batch_Size: 32KB
    bufferMemory: 1MB
    RETRIES: 7
    properties:
      max:
        in.flight:
          requests.per.connection: 3
      "[linger.ms]": 5
      request_timeout_ms: 4
      "a/b": 1
  consumer.fetch-max-wait: 2s
  consumer:
    isolationLevel: READ-COMMITTED
    auto_commit_interval: 3
    properties: {max.poll.interval.ms: 600000}
  streams:
    application-id: names
    properties.processing.guarantee: exactly_once_v2
  properties.security.protocol: PLAINTEXT
""",
    },
    "order": {
        "src/main/resources/application.yml": """
spring.kafka.producer.acks: 1
spring.kafka.producer.retries: ${order.retries}
order.retries: 4
---
spring.config.activate.on-profile: "(fast & !safe) | bulk"
spring.kafka.producer.acks: 0
---
spring.config.activate.on-profile: [slow, safe]
spring.kafka.producer.properties.linger.ms: 100
---
spring.kafka.producer.properties.retries: 5
""",
        "src/main/resources/application-fast.properties": (
            "spring.kafka.producer.client-id=fast\n"
            "#---\n"
            "spring.kafka.producer.client-id=${spring.kafka.producer.compression-type:none}-2\n"
        ),
        "src/main/resources/config/application.yml": "spring.kafka.producer.compression-type: lz4\n",
        "config/application-slow.yml": "spring.kafka.producer.retries: 9\n",
        "application.properties": "spring.kafka.producer.buffer-memory=5000\n",
    },
}
"""Projects whose names and order of files are hard to get right."""


def read_of(files: Mapping[str, str]) -> list[ConfigFact]:
    """The clients that are read of a project's files."""
    found: list[ConfigFact] = []
    for path, body in files.items():
        kind = kind_of(path)
        if kind in ("yaml", "properties"):
            facts = extract(Candidate(path, kind, body.encode(), None))
            assert not facts.errors
            found.extend(facts.configs)
    joined = assemble(found, lambda path: None)
    return [one for one in joined if "src/test" not in one.span.path]


def bindable(files: Mapping[str, str]) -> bool:
    """Whether the files are one application's, and whole: none is of a cluster or of a module, or
    imports more."""
    return not any(
        name.startswith("deploy/") or "/src/" in name or "config:\n    import" in body
        for name, body in files.items()
    )


def runs() -> Iterator[Asked]:
    for name, files in TRICKY.items():
        facts = read_of(files)
        for profile in dict.fromkeys(one.details.get("profile", "") for one in facts):
            here = tuple(one for one in facts if one.details.get("profile", "") == profile)
            yield Asked(f"{name} {profile}".strip(), files, profile, "application", here)
    for path in DOCUMENTS:
        document = documents.read(path)
        fixed = {**document.safe, **document.unsafe}
        for kind, files in (("", document.files), (" fixed", {**document.files, **fixed})):
            if (kind and not fixed) or not bindable(files):
                continue
            facts = read_of(files)
            own = [name.rpartition("/")[2].rpartition(".")[0] for name in files if "/" not in name]
            names = ",".join(
                ["application", *sorted(n for n in own if "-" not in n and n != "pom")]
            )
            names = ",".join(dict.fromkeys(names.split(",")))
            for profile in dict.fromkeys(one.details.get("profile", "") for one in facts):
                here = tuple(one for one in facts if one.details.get("profile", "") == profile)
                yield Asked(f"{path.stem}{kind} {profile}".strip(), files, profile, names, here)


RUNS = list(runs())


@functools.cache
def class_path(version: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pom.xml").write_text(_POM.format(version=version), encoding="utf-8")
        found = Path(folder, "class-path.txt")
        goal = ["dependency:build-classpath", f"-Dmdep.outputFile={found}"]
        subprocess.run(["mvn", "-B", "-q", *goal, "-DincludeScope=runtime"], cwd=folder, check=True)
        return found.read_text(encoding="utf-8").strip()


@functools.cache
def answers(version: str) -> dict[str, dict[tuple[str, str], str]]:
    """What Boot makes of each run, by the run's id: the value of each role and key."""
    with tempfile.TemporaryDirectory() as folder:
        classes = Path(folder, "classes")
        classes.mkdir()
        path = class_path(version)
        compiler = ["javac", "-nowarn", "-cp", path, "-d", str(classes), str(SOURCE)]
        subprocess.run(compiler, check=True)
        lines = []
        for number, asked in enumerate(RUNS):
            home = Path(folder, str(number))
            for name, body in asked.files.items():
                file = home / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(body, encoding="utf-8")
            given = {n for body in asked.files.values() for n in _REFERENCE.findall(body)}
            own = {"spring.application.name", "pricing.acks", "random.uuid", "order.retries"}
            arguments = [f"--{name}=given" for name in sorted(given - own)]
            lines.append("\t".join([str(home), asked.profile or "-", asked.names, *arguments]))
        run = subprocess.run(
            ["java", "-cp", f"{classes}{os.pathsep}{path}", "SpringProperties"],
            input="\n".join(lines) + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
    blocks = run.stdout.split("\n\n")
    return {
        asked.id: {
            (role, key): value
            for role, key, value in (parted(line) for line in block.splitlines() if line)
        }
        for asked, block in zip(RUNS, blocks, strict=False)
    }


def parted(line: str) -> tuple[str, str, str]:
    role, key, value = (*line.split("\t"), "")[:3]
    return role, key, value


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("asked", RUNS, ids=lambda asked: asked.id)
def test_what_is_read_is_what_boot_binds(version: str, asked: Asked) -> None:
    bound = answers(version)[asked.id]
    assert not [key for role, key in bound if role == "ERROR"]
    for fact in asked.facts:
        read = {one.key: one for one in fact.block.settings}
        for key, setting in read.items():
            value = setting.value
            if key.startswith(UNREAD):
                meant = key.removeprefix(UNREAD)
                assert meant in read or (fact.role, meant) not in bound
            elif isinstance(value, Known):
                assert bound[fact.role, key] == scalar_text(value.value), key
            elif isinstance(value, Computed):
                assert (fact.role, key) in bound
        for role, key in bound:
            if role == fact.role and key != ADDRESSES and (role, key) not in OWN:
                assert key in read or other_role(key, role), key


def other_role(key: str, role: str) -> bool:
    """What all clients are given and this one has no use for is left out."""
    from oncelint.frameworks.applications.spring.boot import of_role

    return not of_role(key, role)


def test_the_tricky_projects_are_read() -> None:
    """The comparison above is about something: each has its clients, and profiles change some."""
    ids = {asked.id for asked in RUNS}
    assert {"names", "order", "order fast", "order slow", "order bulk"} <= ids
    names = next(asked for asked in RUNS if asked.id == "names")
    assert {fact.role for fact in names.facts} == {"producer", "consumer", "streams"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_level_that_all_share_reaches_no_consumer(version: str) -> None:
    """The fact that fixtures/placements/spring/isolation-shared-by-all.md stands on."""
    bound = answers(version)["isolation-shared-by-all"]
    assert bound["producer", "isolation.level"] == "read_committed"
    assert bound["consumer", "isolation.level"] == "read_uncommitted"
