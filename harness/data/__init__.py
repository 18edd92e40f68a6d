"""How data sets arrive: sources (wheel, url, folder, generated) and the cache folder."""
