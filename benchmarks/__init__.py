"""Commands that measure what docs/lab.md says. They need more time, or data of others, than tests may."""
