"""What each mark on a sheet says. Values in, characters out; drawing the symbol is the renderer's work."""
