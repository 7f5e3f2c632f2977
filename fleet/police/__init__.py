"""What a police officer at a vehicle is shown beyond the bystander's page: for half an hour, by a code."""
