"""How long an answer of a model may be before it is broken off: several times what its step asks for.

In characters and not in tokens. A server counts a model's reasoning among the tokens, and one with a small context
refuses a generous limit altogether; and only what we count ourselves holds for every server.
"""

LONGEST_TEXT = 20_000
"""Of a text. A page of 400 words has about 3,000 characters."""
LONGEST_JSON = 40_000
"""Of a document. A framework with every text at its bound has about 16,000, and some servers escape each character
beyond ASCII with six."""
