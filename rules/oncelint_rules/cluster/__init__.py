"""Rules about brokers and topics: what becomes of acknowledged records and of transactions when a
broker is lost."""
