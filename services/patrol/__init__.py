"""Patrol: beats with checkpoints, their runs, evidence of each checkpoint, findings, looks at a place."""
