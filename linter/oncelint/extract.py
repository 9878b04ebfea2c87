"""One file's bytes to facts: pure, so it can run in parallel and be cached."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Sequence

from oncelint.discover import Candidate
from oncelint.model.facts import (
    ConfigFact,
    ErrorRecord,
    FileFacts,
    Requirement,
    Skipped,
    SuppressionComment,
)
from oncelint.text import SourceText, TextError

# Below this many files a second process costs more than it brings.
_PARALLEL = 48


def extract(candidate: Candidate) -> FileFacts:
    """All facts of one file. Whatever goes wrong is a fact too; nothing is raised."""
    try:
        return _extract(candidate)
    except Exception as error:
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
        facts = _configuration(candidate.kind, text)
    return FileFacts(
        path,
        facts.configs,
        requirements,
        facts.suppressions,
        facts.tables,
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


def _configuration(kind: str, text: SourceText) -> FileFacts:
    from oncelint.formats import read
    from oncelint.formats.templates import template_kind
    from oncelint.formats.tree import FormatError
    from oncelint.frameworks import RECOGNISERS, plain
    from oncelint.suppress import parse_comment

    path = text.path
    template = template_kind(text.text, path)
    if template is not None:
        return FileFacts(path, skipped=(Skipped(path, template, False),))
    if plain.vendored(text.text, path):
        return FileFacts(
            path, skipped=(Skipped(path, "copy of a file of Kafka's own distribution", False),)
        )
    try:
        document = read(kind, text)
    except FormatError as error:
        position = text.position(error.offset)
        reason = f"{error.reason} (line {position.line}, column {position.column})"
        return FileFacts(path, skipped=(Skipped(path, reason),))
    configs: list[ConfigFact] = []
    for recogniser in RECOGNISERS:
        if kind in recogniser.NEEDLES:
            configs.extend(recogniser.recognise(document, text, path))
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
    return FileFacts(path, tuple(configs), (), tuple(suppressions))


def extract_all(
    candidates: Sequence[Candidate],
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[FileFacts]:
    """Facts of many files, in order; forked workers where that pays.

    `jobs` is the number of processes at most. A worker that dies loses nothing: its files are
    extracted here, one by one.
    """
    total = len(candidates)
    if jobs < 2 or total < _PARALLEL or not hasattr(os, "fork"):
        return _serial(candidates, progress)
    # heaviest first, dealt in turn, so that both hands carry alike
    order = sorted(range(total), key=lambda index: -len(candidates[index].data))
    hands = [order[worker::jobs] for worker in range(jobs)]
    results: dict[int, FileFacts] = {}
    children = [_fork(candidates, hand) for hand in hands[1:]]
    for done, index in enumerate(hands[0], 1):
        results[index] = extract(candidates[index])
        if progress is not None:
            progress(done * jobs, total)
    for (pid, descriptor), hand in zip(children, hands[1:], strict=True):
        for index, facts in zip(hand, _collect(pid, descriptor), strict=False):
            results[index] = facts
        for index in hand:
            if index not in results:
                results[index] = extract(candidates[index])
    return [results[index] for index in range(total)]


def _serial(
    candidates: Sequence[Candidate], progress: Callable[[int, int], None] | None
) -> list[FileFacts]:
    results = []
    for done, candidate in enumerate(candidates, 1):
        results.append(extract(candidate))
        if progress is not None:
            progress(done, len(candidates))
    return results


def _fork(candidates: Sequence[Candidate], hand: Sequence[int]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        os.close(reading)
        facts = [extract(candidates[index]) for index in hand]
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(facts, pipe, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)


def _collect(pid: int, descriptor: int) -> list[FileFacts]:
    with os.fdopen(descriptor, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    try:
        loaded = pickle.loads(data)
    except (EOFError, pickle.UnpicklingError):
        return []
    return loaded if isinstance(loaded, list) else []
