"""How to get from one place to another: Valhalla over the city's roads, limits and closed areas."""
