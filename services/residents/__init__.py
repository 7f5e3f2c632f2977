"""What the city keeps of a resident, and how she leaves."""
