"""Trust: users whose words do not fit what is known, and feedback that comes in a rush."""
