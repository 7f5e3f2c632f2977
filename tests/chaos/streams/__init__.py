"""The telemetry path on a cluster under fire: two gateways, two trackers, an archiver, six Valkeys."""
