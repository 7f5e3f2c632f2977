"""The top: command line, app factories, composition, supervisor, demo and the city as data."""
