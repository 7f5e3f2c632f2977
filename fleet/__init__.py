"""What vehicles are and say: registry, links, telemetry, commands, alarms, history."""
