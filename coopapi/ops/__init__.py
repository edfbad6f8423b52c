"""Commands of the operator, and the demo."""
