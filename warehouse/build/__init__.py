"""The new file: every table checked, described, frozen editions put in, closed and recounted."""
