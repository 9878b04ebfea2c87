"""Files of one placement, written in the other ways that this placement's own reader takes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.rewrites import configuration as c
from tests.rewrites.configuration import Rewriting, Tree, Written


def reversed_throughout(written: Written) -> dict[str, str] | None:
    """The same file, the keys of every mapping in the reverse order."""
    text = _WRITERS[written.kind](_reversed(written.tree))
    return {written.named(written.kind): text}


def _reversed(tree: Tree) -> Tree:
    return {
        key: _reversed(value) if isinstance(value, dict) else value
        for key, value in reversed(tree.items())
    }


_WRITERS: dict[str, Callable[[Tree], str]] = {
    "properties": c.to_properties,
    "yaml": c.to_yaml,
    "json": c.to_json,
    "toml": lambda tree: "\n".join(c._toml_lines(tree, ())) + "\n",
    "ini": c.to_ini,
}


def flow_style(written: Written) -> dict[str, str] | None:
    """The same file in braces; None with a text of several lines, since a document inside is read
    from a block alone."""
    if written.kind != "yaml" or r"\n" in c.to_json(written.tree):
        return None
    return {written.named("yaml"): c.to_flow_yaml(written.tree)}


# Docker Compose -----------------------------------------------------------------------------------


def environment_as_list(written: Written) -> dict[str, str] | None:
    """Every `environment:` mapping of a service as a list of `NAME=value`."""

    def listed(value: Any) -> list[str] | None:
        if not isinstance(value, dict):
            return None
        return [f"{key}={c._text(one)}" for key, one in value.items()]

    return _environments(written, listed)


def environment_as_mapping(written: Written) -> dict[str, str] | None:
    """Every `environment:` list of a service as a mapping; a name without a value, which takes the
    shell's, and a name written twice have none."""

    def mapped(value: Any) -> Tree | None:
        if not isinstance(value, list):
            return None
        pairs = [str(item).partition("=") for item in value]
        names = {name for name, _, _ in pairs}
        if len(names) != len(pairs) or any(not equals for _, equals, _ in pairs):
            return None
        return {name: text for name, _, text in pairs}

    return _environments(written, mapped)


def _environments(written: Written, change: Callable[[Any], Any]) -> dict[str, str] | None:
    services = written.tree.get("services")
    if written.kind != "yaml" or not isinstance(services, dict):
        return None
    changed: Tree = {}
    for name, service in services.items():
        new = change(service.get("environment")) if isinstance(service, dict) else None
        changed[name] = service if new is None else {**service, "environment": new}
    if changed == services:
        return None
    return {written.named("yaml"): c.to_yaml({**written.tree, "services": changed})}


# Application files --------------------------------------------------------------------------------


def application_as_properties(written: Written) -> dict[str, str] | None:
    """A nested application file under dotted names; lists, and keys in brackets or with dots beside
    nested ones, are left to YAML, and so is a resource of Kubernetes that has the file inside."""
    if written.kind != "yaml" or "apiVersion" in written.tree:
        return None
    pairs = list(_dotted(written.tree, ""))
    names = {name for name, _ in pairs}
    if len(names) != len(pairs) or any(isinstance(value, list) for _, value in pairs):
        return None
    if any("[" in name for name in names):
        return None
    return {written.named("properties"): c.to_properties(dict(pairs))}


def _dotted(tree: Tree, prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def application_as_yaml(written: Written) -> dict[str, str] | None:
    """Dotted names as nested mappings; None where a name is also the beginning of another."""
    if written.kind != "properties" or any(re.search(r"[\[\]\"]", key) for key in written.tree):
        return None
    nested: Tree = {}
    for key, value in written.tree.items():
        *outer, last = key.split(".")
        inner = nested
        for part in outer:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                return None
        if last in inner:
            return None
        inner[last] = value
    return {posixpath.join(written.folder, f"{written.stem}.yml"): c.to_yaml(nested)}


# Connectors ---------------------------------------------------------------------------------------


def registered_by_script(written: Written) -> dict[str, str] | None:
    """A connector's JSON as the here-document of a script that posts it to the worker."""
    found = c.connector(written) if written.kind == "json" else None
    if found is None:
        return None
    body = c.to_json({"name": found[0], "config": found[1]})
    script = (
        "#!/bin/sh\nset -e\n"
        "curl -X POST http://connect:8083/connectors -H 'Content-Type: application/json' "
        f"-d @- <<'JSON'\n{body}JSON\n"
    )
    return {posixpath.join(written.folder, f"{written.stem}.sh"): script}


_OWN = {"in the reverse order": reversed_throughout, "in flow style": flow_style}
REWRITINGS: dict[str, tuple[re.Pattern[str], Rewriting]] = {
    **{name: (re.compile(""), rewrite) for name, rewrite in _OWN.items()},
    "environment as a list": (re.compile("docker-compose|.*compose"), environment_as_list),
    "environment as a mapping": (re.compile("docker-compose|.*compose"), environment_as_mapping),
    "application.properties": (
        re.compile("spring|quarkus|smallrye|micronaut"),
        application_as_properties,
    ),
    "application.yml": (re.compile("spring|quarkus|smallrye|micronaut"), application_as_yaml),
    "here-document": (re.compile("connect connector"), registered_by_script),
}
"""By name: the placements a rewriting is for, and the rewriting."""
