"""Films and clips: reading, sampling, and examples made of them."""
