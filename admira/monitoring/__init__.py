"""Watching admira: counters for Prometheus, over HTTP or in a text file, and a health check."""
