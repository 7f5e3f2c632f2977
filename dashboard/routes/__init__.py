"""HTTP and WebSocket of operators, agencies and supervision: parse, call one use case, convert."""
