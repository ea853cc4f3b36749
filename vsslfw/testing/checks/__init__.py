"""The checks, a module for each subject; `vsslfw.testing.catalogue` says which kind has which, and in what order."""
