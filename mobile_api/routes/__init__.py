"""HTTP and WebSocket of residents, links and merchants: parse, call one use case, convert."""
