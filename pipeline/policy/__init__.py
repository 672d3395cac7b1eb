"""Rules and words: everything that an official may edit, loaded and proved."""
