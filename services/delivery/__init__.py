"""What delivery needs besides orders: merchants, goods, pickup points, codes, compartments."""
