"""What asks somebody to act: one alarm for one cause, acknowledged and cleared independently."""
