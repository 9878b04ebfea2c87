"""One file's bytes to facts: pure, so it can run in parallel and be cached."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from oncelint.formats import READERS
from oncelint.model.facts import (
    ErrorRecord,
    FileFacts,
    Requirement,
    Skipped,
    SuppressionComment,
)
from oncelint.text import SourceText, TextError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from oncelint.discover import Candidate
    from oncelint.formats.tree import Document
    from oncelint.model.facts import ConfigFact
    from oncelint.text import Text


# `{{ name }}` and `{{ name | filter }}`; a brace doubled in an f-string is mostly followed by a quote.
_JINJA = re.compile(r"\{%[-+]?\s|\{\{-?\s*[A-Za-z_][\w.]*\s*(?:\||-?\}\})")


def extract(candidate: Candidate) -> FileFacts:
    """All facts of one file. Whatever goes wrong is a fact too; nothing is raised."""
    try:
        return _extract(candidate)
    except Exception as error:
        import traceback  # only for a defect of our own

        where = traceback.extract_tb(error.__traceback__)[-1]
        message = (
            f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"
        )
        return FileFacts(candidate.path, errors=(ErrorRecord(message, None, candidate.path),))


def _extract(candidate: Candidate) -> FileFacts:
    path = candidate.path
    try:
        text = SourceText.decode(
            path,
            candidate.data,
            latin1=candidate.kind == "properties" or bool(candidate.dependency),
        )
    except TextError as error:
        return FileFacts(path, skipped=(Skipped(path, str(error), bool(candidate.kind)),))
    requirements, problems = _requirements(candidate, text)
    if candidate.kind == "python":
        facts = _python(text)
    elif candidate.kind not in READERS:
        facts = FileFacts(path)
    else:
        facts = _configuration(candidate.kind, text, candidate.data)
    return FileFacts(
        path,
        facts.configs,
        requirements,
        facts.suppressions,
        facts.module,
        (*facts.skipped, *problems),
        facts.errors,
    )


def _requirements(
    candidate: Candidate, text: SourceText
) -> tuple[tuple[Requirement, ...], tuple[Skipped, ...]]:
    if candidate.dependency is None:
        return (), ()
    from oncelint.dependencies import DependencyError, read

    try:
        return read(candidate.dependency, text), ()
    except DependencyError as error:
        relevant = candidate.dependency != "script"
        return (), (Skipped(candidate.path, str(error), False),) if relevant else ()


def _python(text: SourceText) -> FileFacts:
    from oncelint.python.lower import PythonError, parse

    try:
        module = parse(text.path, text.text)
    except PythonError as error:
        if error.reason.startswith("not valid Python") and _JINJA.search(text.text):
            return FileFacts(text.path, skipped=(Skipped(text.path, "Jinja template", False),))
        place = f" (line {error.line})" if error.line else ""
        return FileFacts(text.path, skipped=(Skipped(text.path, error.reason + place),))
    suppressions = _python_comments(text) if "oncelint:" in text.text else ()
    return FileFacts(text.path, module=module, suppressions=suppressions)


def _python_comments(text: SourceText) -> tuple[SuppressionComment, ...]:
    import io
    import tokenize

    from oncelint.suppress import parse_comment

    found: list[SuppressionComment] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.text).readline):
            if token.type != tokenize.COMMENT or "oncelint:" not in token.string:
                continue
            line, column = token.start
            own_line = not token.line[:column].strip()
            start = text.starts[line - 1] + column
            span = text.span(start, start + len(token.string))
            comment = parse_comment(
                token.string.lstrip("#").strip(), span, own_line=own_line, line=line
            )
            if comment is not None:
                found.append(comment)
    except (tokenize.TokenError, IndentationError):
        pass
    return tuple(found)


_FORMAT_NAMES = {
    "properties": ".properties",
    "yaml": "YAML",
    "json": "JSON",
    "toml": "TOML",
    "dotenv": "an environment file",
    "ini": "INI",
    "shell": "a shell script",
    "markdown": "Markdown",
    "dockerfile": "a Dockerfile",
    "hcl": "HCL",
    "sql": "SQL",
}


def _configuration(kind: str, text: SourceText, data: bytes) -> FileFacts:
    from oncelint.formats import read
    from oncelint.formats.templates import template_kind
    from oncelint.formats.tree import FormatError
    from oncelint.frameworks import recognise, relevant
    from oncelint.frameworks.plain import vendored

    path = text.path
    foreign = template_kind(text.text, path) or vendored(text.text, path)
    if foreign is not None:
        return FileFacts(path, skipped=(Skipped(path, foreign, False),))
    try:
        document = read(kind, text)
    except FormatError as error:
        position = text.position(error.offset)
        place = f"line {position.line}, column {position.column}"
        reason = f"not readable as {_FORMAT_NAMES[kind]}: {error.reason} ({place})"
        return FileFacts(path, skipped=(Skipped(path, reason),))
    # asked again, so that what is found does not depend on why the file is read
    documents: list[Part] = [(kind, document, text, path)]
    if relevant(kind, data):
        documents.extend(_embedded(kind, document, text, path))
        configs = tuple(fact for one in documents for fact in recognise(*one))
    else:
        configs = ()
    suppressions = tuple(
        found for _, one, where, _ in documents for found in _comments(one, where, text)
    )
    return FileFacts(path, configs, (), suppressions)


Part: TypeAlias = "tuple[str, Document, Text, str]"
"""A document of a file with its format, its text and its name."""

_DEEPEST = 3


def recognised(kind: str, document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """What is configured in a document and in those that are embedded in it."""
    from oncelint.frameworks import recognise

    for part in ((kind, document, text, path), *_embedded(kind, document, text, path)):
        yield from recognise(*part)


def _embedded(
    kind: str, document: Document, text: Text, path: str, depth: int = 1
) -> Iterator[Part]:
    """The documents that are embedded in one, and in these."""
    from oncelint.formats import read
    from oncelint.formats.hosts import embedded
    from oncelint.formats.tree import FormatError

    folder = path.rpartition("/")[0]
    for one in embedded(kind, document, text):
        if one.kind not in READERS:
            continue
        try:
            inner = read(one.kind, one.region)
        except FormatError:  # a text that looks like one of that format, and no file of it
            continue
        name = f"{folder}/{one.name}" if folder else one.name
        yield one.kind, inner, one.region, name
        if depth < _DEEPEST:
            yield from _embedded(one.kind, inner, one.region, name, depth + 1)


def _comments(document: Document, text: Text, file: SourceText) -> Iterator[SuppressionComment]:
    """The comments of a document that speak to oncelint, with their places in the file."""
    from oncelint.suppress import parse_comment

    for comment in document.comments:
        if "oncelint:" not in comment.text:
            continue
        span = text.span(comment.start, comment.end)
        before = file.line(span.start.line)[: span.start.column - 1]
        found = parse_comment(comment.text, span, own_line=not before.strip(), line=span.start.line)
        if found is not None:
            yield found
