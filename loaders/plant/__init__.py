"""The plant folder: sheets that people fill in or ERP systems export."""
