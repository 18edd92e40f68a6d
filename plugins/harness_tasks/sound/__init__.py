"""Audio files and recordings: reading, features, and examples made of them."""
