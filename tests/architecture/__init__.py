"""What the rules of `test_architecture.py` are made of; they read source text and build nothing."""
