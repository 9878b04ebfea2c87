"""What the standard library and well-known libraries do with the values that matter here."""
