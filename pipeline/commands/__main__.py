"""The program without its console script: `python -m pipeline.commands`."""

from pipeline.commands.cli import main

main()
