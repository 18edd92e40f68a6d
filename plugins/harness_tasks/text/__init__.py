"""Text as symbols: vocabularies, sentences and documents, shared by tasks of text."""
