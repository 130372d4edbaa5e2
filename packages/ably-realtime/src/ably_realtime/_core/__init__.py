"""The core: decides everything, performs nothing. No I/O, no clock, no randomness, no asyncio."""
