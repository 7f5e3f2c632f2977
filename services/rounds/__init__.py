"""Demo rounds: visit stops that keep vending, sweeping and patrol vehicles moving until their services
exist."""
