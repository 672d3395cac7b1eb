"""Looking again: explain, rehearse, replay, rebuild, doctor and the demo."""
