"""The instruments of cooperation as data, with their parties, and which of them may be used between two countries."""
