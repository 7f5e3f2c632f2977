"""Sealed evidence: what is known of a window of one vehicle's life, in one file that proves itself."""
