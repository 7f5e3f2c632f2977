"""How vehicles speak to the city and the city to vehicles."""
