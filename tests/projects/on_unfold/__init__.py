"""A project that puts the staff pages on the ModelAdmin of its theme."""
