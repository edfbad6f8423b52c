"""Legal instruments of cooperation and their parties, as data, and which of them apply between two countries."""
