"""The phone's side: residents and merchants."""
