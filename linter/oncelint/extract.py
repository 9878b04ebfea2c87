"""One file's bytes to facts: pure, so it can run in parallel and be cached."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from oncelint.model.facts import (
    ErrorRecord,
    FileFacts,
    Requirement,
    Skipped,
    SuppressionComment,
)
from oncelint.text import SourceText, TextError

if TYPE_CHECKING:
    from oncelint.discover import Candidate


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
    elif candidate.kind in ("", "sql"):
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
}


def _configuration(kind: str, text: SourceText, data: bytes) -> FileFacts:
    from oncelint.formats import read
    from oncelint.formats.templates import template_kind
    from oncelint.formats.tree import FormatError
    from oncelint.frameworks import recognise, relevant
    from oncelint.frameworks.plain import vendored
    from oncelint.suppress import parse_comment

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
    configs = tuple(recognise(document, text, path)) if relevant(kind, data) else ()
    suppressions: list[SuppressionComment] = []
    for comment in document.comments:
        if "oncelint:" not in comment.text:
            continue
        position = text.position(comment.start)
        before = text.line(position.line)[: position.column - 1]
        found = parse_comment(
            comment.text,
            text.span(comment.start, comment.end),
            own_line=not before.strip(),
            line=position.line,
        )
        if found is not None:
            suppressions.append(found)
    return FileFacts(path, configs, (), tuple(suppressions))
