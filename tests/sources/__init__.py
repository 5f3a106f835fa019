"""Real servers on 127.0.0.1, and what a source makes of them when they misbehave."""
