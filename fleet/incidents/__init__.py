"""What happened to a vehicle and who answers for it: from the report to the closing."""
