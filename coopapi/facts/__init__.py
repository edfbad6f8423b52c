"""Facts of cases: dated things that happened in the world, with their precision, place, source, and who and what was involved."""
