"""The back ends that keep the tables: one file each, one protocol, one conformance suite."""
