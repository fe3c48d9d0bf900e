"""A model server of ours that needs no model: it answers out of the words it is given, and calls itself a demo.

It speaks the OpenAI wire format in a process of its own, so that whoever talks to it uses the real client over a real
connection. What it writes about a company is put together from sentences that the founder wrote.
"""
