"""Texts made to crash a parser or to keep it busy, read in a process of their own.

A crash of a native parser ends that process, not the test run. What these texts exploit, where it
works, takes minutes: the process is not waited for that long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oncelint.formats import READERS
from oncelint.formats.guards import MAX_DEPTH, check
from oncelint.formats.tree import FormatError

DEEP = 100_000
LONG = 2_000_000
LONGEST = 5_000_000

# Each is an expression of N (how deep), M and L (how long), evaluated in the child.
ANY_FORMAT = {
    "brackets": "'[' * N",
    "balanced brackets": "'[' * N + ']' * N",
    "braces": "'{' * N",
    "objects": "'{\"a\":' * N",
    "letters": "'a' * L",
    "blanks": "'a=x' + ' ' * L + 'y'",
    "double quotes": "'\"' * M",
    "single quotes": '"\'" * M',
    "openings of strings": "'a = \"' * (M // 5)",
    "backslashes": "'a=' + '\\\\' * M",
    "continuations": "'a=\\\\\\n' * (M // 4)",
    "unicode": "'\"' + 'é' * L + '\"'",
    "digits": "'[' + '1' * M + ']'",
    "empty lines": "'\\n' * M",
    "carriage returns": "'\\r' * M",
    "comments": "'#\\n' * (M // 2)",
    "items": "'[' + '1,' * (L // 2) + '1]'",
    "entries": "'a=1\\n' * (M // 4)",
}
OF_FORMAT = {
    "yaml": {
        "dashes": "'- ' * N",
        "question marks": "'? ' * N",
        "colons": "': ' * N",
        "anchors and aliases": "'&a [*a' * N",
        "anchored sequences": "'&a [' * N",
        "indented mappings": "''.join(' ' * i + 'a:\\n' for i in range(3000))",
        "indented sequences": "''.join(' ' * i + '-\\n' for i in range(3000))",
        "billion laughs": (
            "'a0: &a0 [x, x]\\n' + ''.join("
            "f'a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\\n' for i in range(1, 5000))"
        ),
        "merges of merges": (
            "'a0: &a0 {x: 1}\\n' + ''.join(f'a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: 1}}\\n'"
            " for i in range(1, 10000))"
        ),
        "merges of a large mapping": (
            "'a: &a {' + ','.join(f'k{i}: 1' for i in range(20000)) + '}\\nb:\\n'"
            " + '- {<<: *a}\\n' * 20000"
        ),
        "merges of a long list": (
            "'a: &a [' + '{},' * 10000 + ']\\nb:\\n' + '- {<<: *a}\\n' * 10000"
        ),
        "large keys": "'a: &a [' + '1,' * 40000 + ']\\nb:\\n' + '- {*a : *a}\\n' * 10000",
        "sexagesimal": "'a: ' + '1:' * (M // 2) + '1'",
    },
    "json": {
        "comments": "'/*' * (M // 2)",
        "escapes": "'\"' + '\\\\u0041' * (M // 6) + '\"'",
    },
    "toml": {
        "dotted key": "'a.' * N + 'a=1'",
        "quoted dotted key": "'\"a\" . ' * N + 'a=1'",
        "dotted keys in inline tables": "'x={' + '{'.join(['a.' * 150 + 'a='] * 150) + '1' + '}' * 150",
        "hexadecimal": "'a = 0x' + 'f' * M",
        "openings of strings": "'a = ' + '\"\"\"\\\\' * (M // 4) + '[' * 300",
    },
    "dotenv": {
        "blanks before comments": "('A=x' + ' ' * 200 + 'y\\n') * 4000",
        "bare keys": "'a\\n' * 90000",
    },
    "properties": {"escapes": "'a=' + '\\\\u0041' * (M // 6)", "sections": "'[' * M + '\\n[a]'"},
    "ini": {"sections": "'[' * M + ']'"},
    "logstash": {
        "blocks": "'a{' * N",
        "arrows": "'a=>' * (M // 3)",
        "strings": "'\"a' * (M // 2)",
        "arrays": "'a => ' + '[' * N",
    },
    "fluent-bit": {"blanks": "'[OUTPUT]\\n' + ' a' + ' ' * M + '\\n'", "sections": "'[' * M"},
    "hcl": {
        "blocks": "'a {\\n' * N",
        "interpolations": "'a = \"' + '${' * N + '\"'",
        "heredocs": "'a = <<E\\n' * (M // 8)",
    },
    "dockerfile": {
        "continuations": "'ENV A=b \\\\\\n' * 40000",
        "heredocs": "'COPY <<E /x\\n' * 40000",
        "quotes": "'ENV A=' + '\"' * M",
    },
    "sql": {
        "options": "'CREATE TABLE t (a INT) WITH (' * (M // 30)",
        "quotes": '"SET " + "\'" * M',
        "comments": "'/*' * (M // 2)",
        "statements": "'SET a = b;' * 40000",
    },
    "markdown": {"fences": "'```\\n' * (M // 4)", "nested fences": "'`' * M"},
    "shell": {
        "substitutions": "'$(' * N",
        "quotes": '"echo " + "\'" * M + "\\"" * M',
        "heredocs": "'cat <<E\\n' * (M // 8)",
        "pipes": "'a|' * (M // 2)",
        "continuations": "'a \\\\\\n' * 40000",
    },
}
TOO_DEEP = {
    "yaml": ("brackets", "balanced brackets", "dashes", "question marks", "indented mappings"),
    "json": ("brackets", "balanced brackets", "objects"),
    "toml": ("brackets", "dotted key", "quoted dotted key", "dotted keys in inline tables"),
}
CHILD = """
import json, sys
from oncelint.formats import read
from oncelint.formats.templates import template_kind
from oncelint.formats.tree import Document, FormatError, walk
from oncelint.text import SourceText

kind, names = sys.argv[1], json.load(sys.stdin)
for name, expression in names.items():
    text = eval(expression, dict(zip("NML", map(int, sys.argv[2:]))))
    print(json.dumps({"name": name}), flush=True)
    try:
        if kind == "templates":
            for path in ("a.yaml", "templates/a.yaml", "a.properties", "a.json.tpl", ".env"):
                template_kind(text, path)
            outcome = "read"
        else:
            document = read(kind, SourceText("file", text))
            outcome = "read" if sum(1 for root in document.roots for _ in walk(root)) else "empty"
    except FormatError as error:
        outcome = error.reason
    print(json.dumps({"outcome": outcome}), flush=True)
"""


def run(kind: str, texts: dict[str, str]) -> dict[str, str]:
    """Outcome of each text; fails when the process does not survive one."""
    package = Path(sys.modules["oncelint.formats"].__file__ or "").parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, kind, *map(str, (DEEP, LONG, LONGEST))],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(package)},
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.returncode, lines[-1:], done.stderr[-2000:])
    names = [line["name"] for line in lines[::2]]
    return {name: line["outcome"] for name, line in zip(names, lines[1::2], strict=True)}


@pytest.mark.parametrize("kind", READERS)
def test_reader_survives(kind: str) -> None:
    texts = {**ANY_FORMAT, **OF_FORMAT[kind]}
    results = run(kind, texts)
    assert list(results) == list(texts)
    for name in TOO_DEEP.get(kind, ()):
        assert results[name].startswith(("nested deeper than", "too large"))
    if kind == "yaml":
        assert results["billion laughs"] == "read"
        assert results["merges of a large mapping"].startswith("merge keys add more than")


def test_template_recognition_survives() -> None:
    texts = {
        **ANY_FORMAT,
        "actions": "'{{' * (M // 2)",
        "conditions": "'{{if ' * (M // 5)",
        "openings of strings": "' \"' * (M // 2) + \" '\" * (M // 2)",
        "blocks": "'a: |\\n' * (M // 5)",
    }
    results = run("templates", texts)
    assert list(results) == list(texts)


@pytest.mark.parametrize(
    ("kind", "fits", "too_deep", "offset"),
    [
        ("json", "[" * MAX_DEPTH, "[" * MAX_DEPTH + "{", MAX_DEPTH),
        ("toml", "a=" + "[" * MAX_DEPTH, "a=" + "[" * MAX_DEPTH + "{", MAX_DEPTH + 2),
        ("toml", ".".join("a" * MAX_DEPTH), "x=1\n" + ".".join("a" * (MAX_DEPTH + 1)), 4),
        ("yaml", "- " * (MAX_DEPTH - 1), "a:\n " + "- " * MAX_DEPTH, 3),
        ("yaml", "[" * 10 * MAX_DEPTH, "[" * (10 * MAX_DEPTH + 1), 10 * MAX_DEPTH),
    ],
)
def test_depth_that_is_refused(kind: str, fits: str, too_deep: str, offset: int) -> None:
    check(fits, kind)
    with pytest.raises(FormatError, match="nested deeper") as caught:
        check(too_deep, kind)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", '["' + "[" * 300 + '"]'),
        ("json", "[] // " + "[" * 300),
        ("json", "[]" * 300),
        ("toml", "a = '" + "[" * 300 + '\'\nb = """' + "{" * 300 + '"""\n# ' + "[" * 300),
        ("toml", 'a = "' + "a." * 300 + '"'),
        ("properties", "[" * 300),
    ],
)
def test_what_only_looks_deep_is_not_refused(kind: str, text: str) -> None:
    check(text, kind)


def test_yaml_reader_counts_exactly() -> None:
    from oncelint.formats import read
    from oncelint.text import SourceText

    fits = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert len(read("yaml", SourceText("file", fits)).roots) == 1
    with pytest.raises(FormatError, match="nested deeper") as caught:
        read("yaml", SourceText("file", "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH))
    assert caught.value.offset == 3 + MAX_DEPTH - 1


def test_size_that_is_refused() -> None:
    with pytest.raises(FormatError, match="too large"):
        check("a=1\r\n" * 100_001, "properties")
    check("a=1\r\n" * 100_000, "properties")
    with pytest.raises(FormatError, match="longer than"):
        check("a" * 16_000_001, "yaml")
