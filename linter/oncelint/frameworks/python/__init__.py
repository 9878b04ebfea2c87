"""What is imported and called in Python programs: clients, stores, builders and frameworks, as tables."""
