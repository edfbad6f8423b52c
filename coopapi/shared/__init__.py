"""The base of all features: lifecycles and workflows, access grants on cases, parties to shared objects, and shared cases."""
