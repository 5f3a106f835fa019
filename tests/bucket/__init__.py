"""The lake in a bucket: what the folder promises, against a server that enforces conditions."""
