"""The writers: one module for each format, from operations on a mapping to the smallest patches."""
