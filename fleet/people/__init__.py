"""The people a vehicle under way depends on: remote safety operators and whom each one watches."""
