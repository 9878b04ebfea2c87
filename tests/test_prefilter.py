"""The byte test of discovery: no recogniser can fire on a file that it drops."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import documents
from oncelint import frameworks
from oncelint.discover import Candidate, Discovery, candidates, kind_of
from oncelint.extract import extract, recognised
from oncelint.formats import READERS, read
from oncelint.formats.templates import template_kind
from oncelint.formats.tree import FormatError
from oncelint.frameworks import RECOGNISERS, relevant
from oncelint.frameworks.needles import BEHIND, NEEDLES, PACKAGES, STREAMS
from oncelint.frameworks.python import streaming
from oncelint.frameworks.python.clients import CONSTRUCTORS
from oncelint.text import SourceText

DOCUMENTS = [
    documents.read(path)
    for folder in ("rules", "placements")
    for path in sorted((documents.ROOT / "fixtures" / folder).glob("*/*.md"))
]
FILES = sorted({(name, body) for document in DOCUMENTS for name, body in document.files.items()})
CONFIGURATIONS = [(name, body) for name, body in FILES if kind_of(name, body.encode()) in READERS]


def _found(name: str, body: str) -> list[object]:
    """What the recognisers find in a file, without the byte test before them."""
    text = SourceText.decode(name, body.encode())
    kind = kind_of(name, body.encode()) or ""
    if template_kind(body, name) is not None:  # no recogniser is asked about a template
        return []
    return list(recognised(kind, read(kind, text), text, name))


def _without_needles(kind: str, body: str) -> str:
    _, behind = BEHIND.get(kind, (b"", ()))
    for needle in (*NEEDLES[kind], *behind):
        word = needle.decode()
        body = body.replace(word, "x" * len(word))
    return body


def test_every_recogniser_is_asked() -> None:
    folder = Path(frameworks.__file__).parent
    files = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")]
    names = {".".join(one.parts).removesuffix(".__init__") for one in files} - {"__init__"}
    modules = {name: import_module(f"oncelint.frameworks.{name}") for name in names}
    assert {name for name, module in modules.items() if hasattr(module, "recognise")} == set(
        RECOGNISERS
    )


def test_the_packages_are_those_of_the_constructors() -> None:
    assert set(PACKAGES) == {name.partition(".")[0] for name in CONSTRUCTORS}
    assert all(any(n in package.encode() for n in NEEDLES["python"]) for package in PACKAGES)


def test_the_packages_of_the_stream_frameworks_pass_the_byte_test() -> None:
    # of these two, the parts that read from Kafka are imported from modules with the word; Spark is
    # told it as the name of a format
    with_the_word = {"bytewax", "arroyo", "pyspark"}
    assert {*STREAMS, *with_the_word} == streaming.PACKAGES
    for package in STREAMS:
        assert relevant("python", f"from {package} import App\n".encode())
    assert not relevant("python", b"from upstream import stream\n")


def test_the_examples_pass_the_byte_test() -> None:
    # an environment file is read where a program opens it, and no recogniser is asked about it
    asked = [(name, body) for name, body in CONFIGURATIONS if kind_of(name) != "dotenv"]
    fired = [(name, body) for name, body in asked if _found(name, body)]
    assert {kind_of(name) for name, _ in fired} >= {"properties", "yaml", "json"}
    dropped = [
        name
        for name, body in fired
        if not relevant(kind_of(name, body.encode()) or "", body.encode())
    ]
    assert not dropped


def test_without_the_needles_no_recogniser_fires() -> None:
    for name, body in CONFIGURATIONS:
        kind = kind_of(name, body.encode()) or ""
        if kind in NEEDLES:
            try:
                found = _found(name, _without_needles(kind, body))
            except FormatError:  # a literal with a colon is part of the file's syntax
                continue
            assert not found, f"{name}\n{body}"


def test_without_the_packages_no_client_is_constructed(tmp_path: Path) -> None:
    """All Python files of all examples, each in a project of its own folder."""
    bodies = [body for name, body in FILES if name.endswith(".py")]
    assert len(bodies) > 50
    files = {f"p{n}/main.py": _without_needles("python", body) for n, body in enumerate(bodies)}
    report = documents.run(files, tmp_path)
    assert not report.subjects
    assert not report.errors


KINDS = sorted({"properties", "ini", "yaml", "json", "toml"})

VOCABULARY = sorted(
    {word.decode() for needles in NEEDLES.values() for word in needles}
    | {
        value
        for name in RECOGNISERS
        for constant in vars(import_module(f"oncelint.frameworks.{name}")).values()
        if isinstance(constant, (frozenset, tuple))
        for value in constant
        if isinstance(value, str)
    }
    | {"bootstrap.servers", "broker.id", "node.id", "log.dir", "key.converter", "name"}
)
_KEYS = st.lists(st.sampled_from(VOCABULARY), unique=True, max_size=6)
_NAMES = st.sampled_from(["producer", "consumer", "server", "worker", "application", "settings"])


def _rendered(kind: str, keys: list[str], section: str) -> str:
    pairs = dict.fromkeys(keys, "a:9092")
    if kind == "json":
        return json.dumps({section: pairs, "list": [pairs]})
    if kind == "yaml":
        return yaml.safe_dump({section: pairs, "list": [pairs]})
    lines = [f'"{key}" = "a:9092"' if kind == "toml" else f"{key}=a:9092" for key in keys]
    head = [] if kind == "properties" else [f"[{section}]"]
    return "\n".join([*head, *lines]) + "\n"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(KINDS), keys=_KEYS, name=_NAMES)
def test_what_fires_passes_the_byte_test(kind: str, keys: list[str], name: str) -> None:
    body = _rendered(kind, keys, name)
    path = f"{name}.{kind}"
    try:
        fired = _found(path, body)
    except FormatError:
        return
    assert relevant(kind, body.encode()) or not fired or kind_of(path) != kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_files_do_fire(kind: str) -> None:
    """The property above is about something: a client's own keys are found in every format."""
    body = _rendered(kind, ["bootstrap.servers", "acks", "transactional.id"], "producer")
    assert _found(f"producer.{kind}", body)
    assert relevant(kind, body.encode())


def test_a_key_hidden_in_escapes_is_not_seen_whatever_the_file_is_read_for() -> None:
    """The byte test cannot see through escapes, so what is found must not depend on it."""
    hidden = b'{"connector\\u002eclass": "io.example.Sink", "note": "oncelint: ignore[x]"}'
    assert not relevant("json", hidden)
    assert not extract(Candidate("sink.json", "json", hidden, None)).configs


def test_utf_16_passes_the_byte_test() -> None:
    data = "bootstrap.servers=kafka:9092\nacks=1\n".encode("utf-16")
    assert relevant("properties", data)
    assert extract(Candidate("producer.properties", "properties", data, None)).configs


def test_a_dropped_file_is_listed_and_not_extracted(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("import json\n")
    (tmp_path / "client.py").write_text("import kafka\n")
    found = Discovery()
    names = ["plain.py", "client.py"]
    wanted = list(candidates(tmp_path, names, found, max_size=1000, overlay={}))
    assert [candidate.path for candidate in wanted] == ["client.py"]
    assert found.files == names
    assert found.python_files == names
