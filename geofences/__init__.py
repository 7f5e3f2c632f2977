"""Where: datum, shapes, H3 covers, the exact fence index, rules and transitions."""
