"""How findings speak: which token they point at, which places they add, what a value is called.

For rules: the same setting is shown and named alike by every rule.
"""

from __future__ import annotations

from oncelint.model.finding import Related
from oncelint.model.project import Client, Setting, Step, World
from oncelint.model.values import Known, Span, as_text


def place(setting: Setting | None, client: Client) -> Span:
    """The primary span of a finding about a setting's value.

    The value token where somebody wrote one beside its key; the key token when the value comes
    from another file (a constant, a settings module); the construction when nobody set it.
    """
    if setting is None or setting.key_span is None or setting.set_by not in ("user", "implied"):
        return client.span
    value = setting.value_span
    if value is None or value.path != setting.key_span.path:
        return setting.key_span
    return value


def key_place(setting: Setting | None, client: Client) -> Span:
    """The primary span of a finding about a key's presence: its token, or the construction."""
    if setting is None or setting.key_span is None or setting.set_by not in ("user", "implied"):
        return client.span
    return setting.key_span


def elsewhere(client: Client, primary: Span, *settings: Setting | None) -> tuple[Related, ...]:
    """The other places of a finding: each given setting and its value, then the client itself.

    Places that the primary span or an earlier one covers line for line are left out.
    """
    found: list[Related] = []
    for setting in settings:
        if setting is None or setting.key_span is None:
            continue
        value = setting.value_span
        if not _beside(setting.key_span, primary):
            found.append(Related(setting.key_span, f"{setting.spelled} is set here"))
        if value is not None and not _beside(value, setting.key_span):
            found.append(Related(value, f"the value of {setting.spelled}"))
    if not client.span.covers(primary):
        found.append(Related(client.span, who(client)))
    places = [primary, *(one.span for one in found)]
    return tuple(one for at, one in enumerate(found, 1) if one.span not in places[:at])


def _beside(span: Span, other: Span) -> bool:
    """Whether two tokens stand in one line: showing one of them shows both."""
    return span.path == other.path and span.start.line == other.start.line


def steps(path: tuple[Step, ...]) -> tuple[Related, ...]:
    """The way a record takes, as places of a finding in its order."""
    return tuple(Related(step.span, step.label) for step in path)


def told(setting: Setting, world: World) -> str:
    """What a setting comes to and why, as part of a sentence: `acks is 1`,
    `isolation.level is read_uncommitted by default in aiokafka`."""
    text = f"{setting.spelled} is {as_text(setting.value)}"
    if setting.set_by == "user":
        return text
    if setting.set_by == "implied" and setting.origins and setting.origins[0].note:
        return f"{text} ({setting.origins[0].note})"
    return f"{text} by default in {world.client}"


def value(client: Client, name: str, value: str) -> str:
    """What a placement calls a value of a setting where the client's own word is another: Telegraf
    has -1 for `acks=all`."""
    return client.details.get(f"{name}={value}", value)


def number(world: World, name: str) -> float | None:
    """A setting's known numeric value in its own unit; None for anything else."""
    value = world.value(name)
    if not isinstance(value, Known) or isinstance(value.value, bool):
        return None
    return float(value.value) if isinstance(value.value, (int, float)) else None


def library(client: Client, *worlds: World) -> str:
    """The client library of some worlds with all their versions, where the project's files tell
    them; several libraries are joined with `or`."""
    from oncelint.model.versions import span_text

    told: dict[str, list[str]] = {}
    for world in worlds:
        known = [one for one in world.versions if one in client.client_versions]
        told.setdefault(world.client, []).extend(known)
    return " or ".join(
        f"{name} {span_text(versions)}" if versions else name for name, versions in told.items()
    )


def subject_key(client: Client, *words: str) -> str:
    """What tells a client and its setting apart in a fingerprint, without line numbers."""
    return ":".join((client.construct, *words))


_WHO: dict[str, str] = {
    "streams": "Streams application",
    "connect-worker": "Connect worker",
    "flink-source": "Flink source",
    "flink-sink": "Flink sink",
    "flink-job": "Flink job",
}


def who(client: Client) -> str:
    """What a client is called in a sentence: `the producer`, `the Connect worker`."""
    return f"the {_WHO.get(client.role, client.role)}"


def does_not_start(client: Client, error: str) -> str:
    """The consequence of a configuration that the client refuses with `error`."""
    if client.details.get("framework") == "collector":
        error = error.removeprefix("KafkaException: ")  # which is raised in Python alone
    return f"{who(client)} does not start ({error})"


def versions(client: Client, some: tuple[str, ...] = ()) -> str:
    """The client library with `some` of its versions, or with what the project says of them."""
    from oncelint.model.versions import span_text

    text = span_text(some or client.client_versions)
    return f"{client.client} {text}" if text else client.client


def quoted(text: str) -> str:
    """A value in a sentence; one that reads like a word of it is put in quotation marks."""
    if text in ("a list", "a hidden value") or text.startswith('"'):
        return text
    plain = text and all(char.isalnum() or char in "._-+:/@" for char in text)
    return text if plain else f'"{text}"'
