"""Where vehicles go between jobs: depots, chargers, and the places a round visits."""
