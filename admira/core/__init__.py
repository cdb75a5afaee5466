"""The pure core: verbs on frames that touch no file, network, clock or environment."""
