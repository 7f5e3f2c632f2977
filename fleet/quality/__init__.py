"""How good what vehicles say is: scores of vehicles and makers, samples of what was refused, daily facts."""
