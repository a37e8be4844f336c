"""Hand out, collect and grade the assignments of the book."""
