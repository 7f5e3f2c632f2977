"""A maker's cloud: one link for all its vehicles, frames kept until they are durable."""
