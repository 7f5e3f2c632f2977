"""What retention and thinning must not touch, for whom, of when and until when."""
