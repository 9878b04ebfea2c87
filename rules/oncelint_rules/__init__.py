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
    "Feed": (
        "transactions.auto_commit_in_transaction",
        "transactions.output_not_transactional",
    ),
    "Sink": (
        "sinks.insert_without_conflict_key",
        "sinks.conflict_target_not_unique",
        "sinks.conflict_key_not_from_record",
        "sinks.non_idempotent_update",
        "sinks.upsert_overwrites_progress",
        "sinks.batch_upsert_not_deduplicated",
        "sinks.check_then_insert",
        "sinks.append_only_write",
        "sinks.external_call_without_idempotency_key",
        "sinks.table_never_deduplicates",
        "sinks.db_and_offset_not_atomic",
    ),
    "Pipeline": (
        "offsets.commit_before_processing",
        "offsets.commit_on_failure",
        "offsets.failed_record_overtaken",
        "offsets.commit_off_by_one",
        "offsets.auto_commit_loses_records",
        "offsets.commit_before_async_work_done",
        "offsets.poll_interval_exceeded",
        "offsets.no_commit_on_revoke",
        "offsets.unstable_group_id",
        "offsets.offsets_not_committed",
        "offsets.reset_to_latest",
    ),
    "TransactionalPair": (
        "transactions.consumer_reads_uncommitted",
        "transactions.offsets_not_contiguous",
    ),
    "TransactionTrace": (
        "transactions.transaction_timeout_too_short",
        "transactions.transaction_protocol",
        "transactions.transaction_never_aborted",
        "transactions.transaction_error_swallowed",
        "transactions.transactional_producer_shared_by_tasks",
        "transactions.external_write_in_transaction",
        "transactions.offsets_committed_outside_transaction",
    ),
    "Lifecycle": (
        "idempotence.producer_recreated_per_record",
        "idempotence.manual_resend",
        "idempotence.delivery_result_ignored",
        "transactions.shared_transactional_id",
        "transactions.missing_group_metadata",
    ),
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
