"""What every run works with: settings, the opened house, letters on their way, the watch."""
