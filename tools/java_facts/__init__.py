"""Asks the released Java classes of Kafka what they do with a configuration."""
