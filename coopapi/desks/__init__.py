"""What the Eurojust desk of a State sees of its State's cooperation: an index of requests, teams, meetings and disclosures."""
