"""The services of a docker compose file, one fact each, as they are written.

What a service is, and what its environment comes to, is known only when all files are: its `.env`,
its `env_file`s, the Dockerfile it is built from, the override beside it (`joining.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document, Mapping, Node, Scalar, Sequence
from oncelint.frameworks.containers.environment import block_of
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

ROLE = "container"
"""The role of a fact that is still to be joined."""

SEPARATOR = "\n"


def of_services(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """A fact for each service of a compose file."""
    for root in document.roots:
        found = root.get("services") if isinstance(root, Mapping) else None
        if isinstance(root, Mapping) and found is None and _is_first_version(root):
            found = root
        if not isinstance(found, Mapping):
            continue
        included = isinstance(root, Mapping) and root.get("include") is not None
        apart = {"apart": "other files are included"} if included else {}
        for entry in found.entries:
            if isinstance(entry.value, Mapping) and not entry.merged and _is_service(entry.value):
                span = text.span(entry.key.start, entry.key.end)
                yield ConfigFact(
                    "docker-compose",
                    ("java",),
                    ROLE,
                    block_of(entry.value.get("environment"), text),
                    span,
                    entry.key.text,
                    details={**_details(entry.value), **apart, "file": path},
                )


def _is_first_version(root: Mapping) -> bool:
    """The first version of the format had the services at the top."""
    services = [entry.value for entry in root.entries if isinstance(entry.value, Mapping)]
    return bool(services) and all(
        isinstance(one.get("image"), Scalar) or one.get("build") is not None for one in services
    )


def _is_service(mapping: Mapping) -> bool:
    """Whether a mapping can be a service: Kubernetes' `services:` and others are lists or have
    none of these keys."""
    keys = {entry.key.text for entry in mapping.entries}
    return bool(keys & {"image", "build", "environment", "env_file", "extends", "deploy"})


def _details(service: Mapping) -> dict[str, str]:
    build = service.get("build")
    deploy = service.get("deploy")
    extends = service.get("extends")
    found = {
        "image": _text(service.get("image")),
        "build": _text(build),
        "command": _words(service.get("command")),
        "entrypoint": _words(service.get("entrypoint")),
        "replicas": _text(service.get("scale")),
        "env_file": SEPARATOR.join(_env_files(service.get("env_file"))),
        "mounts": SEPARATOR.join(_mounts(service.get("volumes"))),
        "extends": _text(extends),
    }
    if isinstance(build, Mapping):
        found["build"] = _text(build.get("context")) or "."
        found["dockerfile"] = _text(build.get("dockerfile"))
        found["target"] = _text(build.get("target"))
        arguments = build.get("args")
        if isinstance(arguments, Mapping):
            found["args"] = SEPARATOR.join(
                f"{entry.key.text}={_text(entry.value)}" for entry in arguments.entries
            )
        elif isinstance(arguments, Sequence):
            found["args"] = SEPARATOR.join(_text(item) for item in arguments.items)
        if build.get("dockerfile_inline") is not None:
            found["dockerfile"] = "?"
    if isinstance(service.get("profiles"), Sequence):
        found["apart"] = "it runs with a profile only"
    if isinstance(deploy, Mapping):
        found["replicas"] = _text(deploy.get("replicas")) or found["replicas"]
    if isinstance(extends, Mapping):
        found["extends"] = _text(extends.get("service"))
        found["extends_file"] = _text(extends.get("file"))
    return {key: value for key, value in found.items() if value}


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and node.value is not None else ""


def _words(node: Node | None) -> str:
    if isinstance(node, Sequence):
        return " ".join(_text(item) for item in node.items)
    return _text(node)


def _env_files(node: Node | None) -> Iterator[str]:
    """The environment files in order; one that need not be there has a `?` before it."""
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Mapping):
                required = item.get("required")
                optional = isinstance(required, Scalar) and required.value is False
                yield ("?" if optional else "") + _text(item.get("path"))
            else:
                yield _text(item)


def _mounts(node: Node | None) -> Iterator[str]:
    """The places in the container where something is mounted."""
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            yield _text(item.get("target"))
        else:
            parts = _text(item).split(":")
            if len(parts) > 1:
                yield parts[1]
