"""The items of a batch, each as a run of its own."""
