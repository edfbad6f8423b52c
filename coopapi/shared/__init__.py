"""What all features build on: lifecycles, access to cases, parties to what authorities share, and cases that are shared."""
