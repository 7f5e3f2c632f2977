"""What is kept and counted: one vehicle broke one rule over an interval, with evidence."""
