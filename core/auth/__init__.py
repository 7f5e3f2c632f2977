"""Who is asking, what they may do, and how far they may see."""
