"""Weather recall: vehicles under way are brought to shelter in the order of their remaining range."""
