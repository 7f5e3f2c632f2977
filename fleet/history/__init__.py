"""Where every vehicle was: stream to Parquet, and trails out of it."""
