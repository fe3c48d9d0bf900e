"""The Vision Framework: from a founder's answers to a framework, a one-pager, checks and scores."""
