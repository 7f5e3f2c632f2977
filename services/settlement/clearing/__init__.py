"""Money between operating companies: what one holds that another has earned, netted, paid and confirmed."""
