"""Who asks: signing in, sessions and tokens, and the gate in front of everything."""
