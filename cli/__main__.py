"""`python -m cli` is `stepglass`."""

from cli.main import main

main()
