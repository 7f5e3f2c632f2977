"""What residents and merchants send and are answered: camelCase, converted from domain Structs that may
move."""
