"""The four-eyes principle: a change that one administrator requests takes effect when another one approves it."""
