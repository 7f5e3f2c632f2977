"""What vehicles do: orders, tasks, dispatch, delivery, routing."""
