"""From a finding's goal to edits, and from edits to files."""
