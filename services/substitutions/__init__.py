"""What takes the place of goods that a merchant lacks, agreed by the customer before loading."""
