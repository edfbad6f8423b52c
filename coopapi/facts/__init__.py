"""Facts of cases: dated things that happened in the world, with their precision, place, source, and the people and identifiers involved."""
