"""A folder of video -> its manifest, and an audit of every file in it. Knows nothing of models."""
