"""What people ask of published files and of the lake. Nothing here changes either."""
