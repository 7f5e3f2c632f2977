"""The steps of a tick, one file each; ``fleet.telemetry.pipeline`` lists them in order."""
