"""Configuration that nobody reads, or that means something else than it says."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Client, Confidence, Project, Related, Span
from oncelint.model.project import KeyUse
from oncelint_rules.common.producers import PRODUCER_RUNS

# What follows from running a client is of no interest while it does not start. A guarantee its
# version has no code for is no such consequence: it explains why the key is refused.
FOLLOWS_FROM_RUNNING: tuple[str, ...] = (
    *(name for name in PRODUCER_RUNS if name != "client-with-known-defect"),
    "consumer-reads-uncommitted",
)


def causes(client: Client, span: Span, refused: str | None) -> tuple[Span, ...]:
    """The cause of a finding: the whole client where it does not start."""
    return (span, client.span) if refused else (span,)


def confidence(client: Client, certain: bool, refused: str | None) -> Confidence:
    """A file's keys may have readers that are not seen; a program's dict has one."""
    if not certain:
        return "low"
    return "high" if refused or client.placement == "python" else "medium"


def uses(client: Client, status: str) -> Iterator[KeyUse]:
    """The client's keys of one status.

    What holds for some versions only is left out where nothing tells the version: an unpinned
    client is a new one more often than not, and a server's release stands in no dependency file.
    """
    told = bool(client.client_versions) and client.role not in ("broker", "connect-worker")
    return (use for use in client.keys if use.status == status and (use.certain or told))


def read_by_another(client: Client, use: KeyUse, project: Project) -> bool:
    """Whether the very same token configures another client that knows the key."""
    return any(
        other.span == use.span and other.status in ("known", "deprecated")
        for one in project.clients
        if one is not client
        for other in one.keys
    )


def the_client(client: Client, span: Span) -> tuple[Related, ...]:
    """The client as another place of the finding, unless the key stands in it."""
    if client.span.covers(span) or client.span == span:
        return ()
    return (Related(client.span, f"handed to this {client.role}"),)
