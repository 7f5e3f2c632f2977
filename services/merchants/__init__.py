"""How a shop stands today: paused, busy, licensed, open on other hours than usual; what it never may sell."""
