"""oncelint's own rules: folders are the groups, one rule a file.

A rule is the `RULE` of its module. `MODULES` lists the modules by the subject they judge, so that
a run loads only the rules it has subjects for; a test holds the list against the folders.
"""

MODULES: dict[str, tuple[str, ...]] = {
    "Producer": (
        "idempotence.producer_not_idempotent",
        "idempotence.idempotence_conflict",
        "transactions.transactional_without_idempotence",
        "transactions.unstable_transactional_id",
        "transactions.transaction_timeout_exceeds_broker",
    ),
    "Connector": ("connect.connect_jdbc_sink_not_idempotent",),
    "Feed": ("transactions.auto_commit_in_transaction",),
    "TransactionalPair": ("transactions.consumer_reads_uncommitted",),
}
