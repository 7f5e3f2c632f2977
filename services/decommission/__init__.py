"""A vehicle leaves the fleet for good: its work goes to others or is called off, then its life ends."""
