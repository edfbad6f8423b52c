"""Documents and drawings from templates, with fonts that come with the package. Content is data, never markup or code."""
