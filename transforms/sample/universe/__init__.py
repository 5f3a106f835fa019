"""What is true: the sellers, listings and inquiries of a market that does not exist."""
