"""How we talk to a model: streaming, structured output, cost, and an error tree of our own."""
