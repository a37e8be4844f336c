"""What a teacher is told when something is not done."""


class Refused(Exception):
    """Something that was given cannot be used; the message says what, why, and what to do."""


class NoSandbox(Exception):
    """A student's program cannot be run safely here; the message says why. Nothing is graded."""
