"""What the platform asks of a vehicle: never executed late, never twice."""
