"""What a vehicle is: its code, its papers, its five machines, and whether it may take work."""
