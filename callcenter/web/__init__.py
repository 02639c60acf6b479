"""Pages and HTTP API that know more than one part of the house."""
