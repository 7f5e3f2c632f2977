"""One vehicle's job: tasks, their stops, and the reports that move them."""
