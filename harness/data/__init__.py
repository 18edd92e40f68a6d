"""Data sources (wheel, url, folder, generated) and the cache folder."""
