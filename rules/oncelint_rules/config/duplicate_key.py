"""The same setting written twice: the later one counts, and the earlier one misleads.

## What it does

Reports a key that stands twice in one dict literal, one `.properties` section, one YAML mapping or
one JSON object, and a setting that stands there under two of its names (librdkafka's `acks` and
`request.required.acks`) with different values.

## The failure

A producer's dict has `"acks": "all"` near the top, where reviewers look. Thirty lines below, left
from a load test, is `"acks": "1"`. Python keeps the second without a word. The records of one
partition are acknowledged by its leader alone, the leader dies, and the records with it; the
review that follows reads the first line and looks elsewhere.

## What the fix costs

Deleting one of the two. Deleting the earlier one changes nothing; deleting the later one changes
the configuration to what the earlier one says.

## When it is silent

When a spread (`{**base, "acks": "all"}`), `.update()`, an item assignment or a YAML merge key
overrides an earlier setting: that is layering. When both names of one setting have the same value,
as in files that two client libraries share. When the key is a comment by its first letter
(`_comment`, `//`, `#`), as formats without comments have them: each of them says something of its
own.

## References

Python language reference, dictionary displays; `java.util.Properties.load`; YAML 1.2 (keys are
unique); RFC 8259, section 4; librdkafka CONFIGURATION.md (aliases) and `rd_kafka_conf_set`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Client, Goal, Hit, Project, Related, Rule, speak
from oncelint.model.facts import Duplicate

# No client has a setting that begins so.
_COMMENTS = ("_", "//", "#")


def check(client: Client, project: Project) -> Iterator[Hit]:
    written: dict[str, list[Duplicate]] = {}
    for item in client.block.duplicates:
        if not item.key.startswith(_COMMENTS):
            written.setdefault(item.key, []).append(item)
    for key, again in written.items():
        first, last = again[0], again[-1]
        lost = tuple(item.first for item in again)
        yield Hit(
            span=first.first,
            message=(
                f"this {key} has no effect: {key} is written again in line"
                f" {last.second.start.line}, and the later one counts; remove one of them"
            ),
            setting=key,
            related=(
                *(Related(span, "and this has none either") for span in lost[1:]),
                Related(last.second, f"this {key} counts"),
            ),
            goal=Goal(f"remove one {key}", {}, "safe", removals=lost),
            causes=(*lost, last.second),
            subject_key=speak.subject_key(client, key),
        )
    for clash in client.alias_clashes:
        yield Hit(
            span=clash.loser_span,
            message=(
                f"{clash.loser} has no effect: {clash.winner} in line"
                f" {clash.winner_span.start.line} is the same setting of {client.client}, and the"
                f" later one counts; remove one of them"
            ),
            setting=clash.loser,
            related=(Related(clash.winner_span, f"{clash.winner} counts"),),
            goal=Goal(
                f"remove {clash.loser} or {clash.winner}", {}, "safe", removals=(clash.loser_span,)
            ),
            causes=(clash.loser_span, clash.winner_span),
            subject_key=speak.subject_key(client, clash.loser),
        )


RULE = Rule(
    id="duplicate-key",
    group="config",
    subject=Client,
    severity="warning",
    check=check,
    summary="a setting written twice, of which the later one counts",
    fix="safe",
)
