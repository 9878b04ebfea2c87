"""`oncelint rule`, `explain` and `config`: what is known, printed."""

from __future__ import annotations

from oncelint.cli.options import displayed_from, path_inside, root_of, settings_for
from oncelint.cli.terminal import CLEAN, Failure, counted, say, write

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from oncelint.model.rule import Rule


def rule_command(options: argparse.Namespace) -> int:
    from oncelint import check

    catalogue = check.catalogue()
    if (options.id is None) == (not options.all):
        raise Failure("name one rule, or give --all")
    groups = {rule.group for rule in catalogue.values()}
    if options.id is not None and options.id not in {*catalogue, *groups}:
        from oncelint.settings import nearest

        near = nearest(options.id, {*catalogue, *groups})
        hint = f", did you mean {near}?" if near else "; `oncelint rule --all` prints all of them"
        raise Failure(f"there is no rule {options.id}{hint}")
    chosen = [
        name
        for name in sorted(catalogue)
        if options.all or options.id in (name, catalogue[name].group)
    ]
    if options.output_format == "text":
        if options.id in groups:
            return write(_listing([catalogue[name] for name in chosen]), CLEAN)
        pages = [f"{_head(catalogue[name])}\n\n{check.page(name).strip()}" for name in chosen]
        return write("\n\n\n".join(pages) + "\n", CLEAN)
    import json

    data = [
        {
            "id": rule.id,
            "group": rule.group,
            "severity": rule.severity,
            "audience": rule.audience,
            "stable": rule.stable,
            "summary": rule.summary,
            "fix": rule.fix,
            "supersedes": list(rule.supersedes),
            "page": check.page(rule.id),
        }
        for rule in (catalogue[name] for name in chosen)
    ]
    return write(json.dumps(data[0] if options.id in catalogue else data, indent=2) + "\n", CLEAN)


def _head(rule: Rule) -> str:
    """A rule's name and what its declaration says, as a heading and a line."""
    stable = "stable" if rule.stable else "preview"
    facts = f"group {rule.group}, severity {rule.severity}, {stable}, audience {rule.audience}"
    return f"# {rule.id}\n\n{facts}, fix: {rule.fix}"


def _listing(rules: Sequence[Rule]) -> str:
    """A line a rule: its id, its severity and what it finds."""
    width = max(len(rule.id) for rule in rules)
    return "".join(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.summary}\n" for rule in rules)


def explain_command(options: argparse.Namespace) -> int:
    from pathlib import Path

    from oncelint import api
    from oncelint.report.explain import explain_json, explain_text

    path, line = _place_of(options.place)
    root = root_of(path)
    settings = settings_for(options, root)
    inside = path_inside(Path(path), root)
    try:
        found = api.explain(inside, line, settings=settings, root=root)
    except api.UsageError as error:
        raise Failure(str(error)) from None
    if not found:
        raise Failure(
            "there is no Kafka client, configuration of one or write of consumed records at"
            f" {path}:{line}"
        )
    if options.output_format == "json":
        return write(explain_json(found), CLEAN)
    return write(explain_text(found, displayed_from(root)), CLEAN)


def _place_of(text: str) -> tuple[str, int]:
    """A path and a line; a column behind them, as compilers print it, is left out."""
    import re

    found = re.fullmatch(r"(.+?):(\d+)(?::\d+)?", text)
    if found is None or int(found[2]) < 1:
        raise Failure(f"{text} is no place; write PATH:LINE, as in app/main.py:12")
    return found[1], int(found[2])


def config_command(options: argparse.Namespace) -> int:
    from oncelint import api
    from oncelint.report.text import printable
    from oncelint.settings import as_toml

    root = root_of(options.path)
    settings = settings_for(options, root)
    for note in settings.notes:
        say(f"oncelint: {note}")
    files = sorted(api.files(root, settings))
    if options.output_format == "json":
        import json

        import tomli  # the settings as data are what their TOML says

        data = {
            "root": str(root),
            "sources": list(settings.sources),
            "settings": tomli.loads(as_toml(settings)),
            "files": files,
        }
        return write(json.dumps(data, indent=2) + "\n", CLEAN)
    head = f"# project: {root}\n# settings from: {', '.join(settings.sources) or 'no file'}\n"
    listing = "".join(f"#   {printable(name)}\n" for name in files)
    kinds = (
        f"# {counted(len(files), 'file')} of a kind that can matter; those about Kafka are read:"
    )
    return write(f"{head}{as_toml(settings)}\n{kinds}\n{listing}", CLEAN)
