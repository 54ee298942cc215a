"""An app that puts the staff pages on the ``ModelAdmin`` of the theme."""
