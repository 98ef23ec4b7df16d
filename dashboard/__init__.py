"""The screens: Dash pages for quality, purchasing and management. A page is a file in `pages/`."""
