"""The formats of exports. Each turns the lines of a case into a file, a part at a time."""
