"""oncelint's own rules: folders are the groups, one rule a file.

A rule is the `RULE` of its module. `MODULES` lists the modules by the subject they judge, so that
a run loads only the rules it has subjects for; a test holds the list against the folders.
"""

MODULES: dict[str, tuple[str, ...]] = {
    "Producer": (
        "idempotence.producer_not_idempotent",
        "idempotence.idempotence_conflict",
        "idempotence.idempotence_silently_disabled",
        "idempotence.acks_not_all",
        "idempotence.delivery_timeout_invalid",
        "transactions.transactional_without_idempotence",
        "transactions.unstable_transactional_id",
        "transactions.transaction_timeout_exceeds_broker",
    ),
    "Connector": ("connect.connect_jdbc_sink_not_idempotent",),
    "Feed": ("transactions.auto_commit_in_transaction",),
    "Sink": ("sinks.insert_without_conflict_key",),
    "TransactionalPair": ("transactions.consumer_reads_uncommitted",),
    "Client": (
        "idempotence.client_with_known_defect",
        "config.unknown_key",
        "config.invalid_value",
        "config.key_of_another_client",
        "config.key_of_another_role",
        "config.duplicate_key",
        "config.deprecated_key",
    ),
    "SuppressionUse": ("config.unused_suppression",),
}
