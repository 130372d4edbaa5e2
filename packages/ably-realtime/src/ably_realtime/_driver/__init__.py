"""The driver: performs what the core decides, on asyncio, and feeds back what happened."""
