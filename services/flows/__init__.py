"""The order flow as data: which steps an operator asks for, by version."""
