"""Mutant: what a primary has is accepted, whether a replica has it or not."""

from fleet.telemetry.streams import cluster

cluster.WAIT_REPLICAS = 0  # type: ignore[misc]
