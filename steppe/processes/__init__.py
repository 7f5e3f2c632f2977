"""One file per process of the topology: what it needs, what it runs, when it is ready."""
