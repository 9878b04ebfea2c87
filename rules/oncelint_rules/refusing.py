"""What a rule silences that says a client does not start.

A client that does not start writes no duplicates and loses nothing: what would follow from running
it is no second finding.
"""

from __future__ import annotations

PRODUCER_RUNS: tuple[str, ...] = (
    "producer-not-idempotent",
    "acks-not-all",
    "idempotence-silently-disabled",
    "client-with-known-defect",
    "unstable-transactional-id",
    "transaction-timeout-exceeds-broker",
    "auto-commit-in-transaction",
)
