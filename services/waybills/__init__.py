"""Parcels that wait at a station: offered to their recipients, who choose a vehicle or the counter."""
