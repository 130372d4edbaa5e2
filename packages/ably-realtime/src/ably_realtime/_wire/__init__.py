"""The wire: frames, their two codecs, and payload encodings. Pure: bytes in, values out."""
