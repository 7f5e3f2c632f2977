"""What people on the street say of a vehicle whose code they scanned: taken without a log-in, answered."""
