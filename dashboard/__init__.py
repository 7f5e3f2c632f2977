"""The desk's side: operators, agencies, and the web pages of all surfaces."""
